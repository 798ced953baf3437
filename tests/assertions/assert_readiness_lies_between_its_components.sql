-- What: computed readiness lies between the lowest and highest of its components, and has a band.
-- Why it matters: a weighted mean that leaves its parts' range has wrong weights or a wrong window.
-- How to resolve: check weights in readiness_components and gaps in readiness_bands, then user_readiness.

with

snapshots as (

    select
        user_id,
        source,
        snapshot_at,
        readiness_overall,
        readiness_technical,
        readiness_communication,
        readiness_structure,
        readiness_behavioral,
        readiness_band
    from {{ ref('user_readiness') }}

),

final as (

    select *
    from snapshots
    where
        (readiness_overall is null) <> (readiness_band is null)
        or source = 'computed'
        and (
            readiness_overall < least(
                readiness_technical,
                readiness_communication,
                readiness_structure,
                readiness_behavioral
            )
            or readiness_overall > greatest(
                readiness_technical,
                readiness_communication,
                readiness_structure,
                readiness_behavioral
            )
        )

)

select * from final
