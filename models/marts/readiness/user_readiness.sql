{#- One row per user, source and moment at which readiness was, or is now, computed. -#}

{{ config(rebuilt_by='user_id') }}

with

events as (

    select
        user_id,
        session_id,
        skill_tag,
        score,
        occurred_at
    from {{ ref('session_events') }}
    where user_id is not null and occurred_at is not null and {{ is_affected('user_id') }}

),

legacy_snapshots as (

    select
        document_id,
        source_path,
        user_id,
        readiness_overall,
        readiness_technical,
        readiness_communication,
        readiness_structure,
        readiness_behavioral,
        snapshot_at,
        source_modified_at,
        landed_at,
        payload
    from {{ ref('stg_pulse__user_histories__snapshots') }}
    where user_id is not null and {{ is_affected('user_id') }}

),

bands as (

    select
        readiness_band,
        at_least,
        below
    from {{ ref('readiness_bands') }}

),

computed as (

    {{ computed_readiness(var('readiness_formula')) }}

),

-- One account may own several histories.
legacy as (

    select distinct on (user_id, snapshot_at)
        user_id,
        'legacy' as source,
        snapshot_at,
        null::uuid as session_id,
        round(readiness_overall, 2) as readiness_overall,
        round(readiness_technical, 2) as readiness_technical,
        round(readiness_communication, 2) as readiness_communication,
        round(readiness_structure, 2) as readiness_structure,
        round(readiness_behavioral, 2) as readiness_behavioral,
        null::numeric as delta_overall,
        null::int as event_count,
        null as formula_version,
        payload as meta
    from legacy_snapshots
    order by
        user_id asc,
        snapshot_at asc,
        landed_at desc,
        source_modified_at desc nulls last,
        source_path asc,
        document_id desc

),

snapshots as (

    select * from computed
    union all
    select * from legacy

),

final as (

    select
        snapshots.user_id,
        snapshots.source,
        snapshots.snapshot_at,
        snapshots.session_id,
        snapshots.readiness_overall::numeric(5, 2) as readiness_overall,
        snapshots.readiness_technical::numeric(5, 2) as readiness_technical,
        snapshots.readiness_communication::numeric(5, 2) as readiness_communication,
        snapshots.readiness_structure::numeric(5, 2) as readiness_structure,
        snapshots.readiness_behavioral::numeric(5, 2) as readiness_behavioral,
        bands.readiness_band,
        snapshots.delta_overall::numeric(5, 2) as delta_overall,
        snapshots.event_count,
        snapshots.formula_version,
        snapshots.meta
    from snapshots
    left join bands
        on
            snapshots.readiness_overall >= coalesce(bands.at_least, 0)
            and (bands.below is null or snapshots.readiness_overall < bands.below)

)

select * from final
