{#- One row per user and moment: readiness by two formulas, side by side, on the same scores.

    The marts are built by one formula, the var readiness_formula. What another would do to whom, this says
    before anybody changes that. The var compared_formulas names other two than v1 and v2, such as a formula
    just added to the seeds. How to run it: docs/analysts.md. -#}

{%- set formulas = var('compared_formulas', ['v1', 'v2']) %}
{%- set one, other = formulas[0], formulas[1] %}

with

events as (

    select
        user_id,
        session_id,
        skill_tag,
        score,
        occurred_at
    from {{ ref('session_events') }}
    where user_id is not null and occurred_at is not null

),

bands as (

    select
        readiness_band,
        at_least,
        below
    from {{ ref('readiness_bands') }}

),

one as (

    {{ computed_readiness(one) }}

),

other as (

    {{ computed_readiness(other) }}

),

final as (

    select
        coalesce(one.user_id, other.user_id) as user_id,
        coalesce(one.snapshot_at, other.snapshot_at) as snapshot_at,
        coalesce(one.event_count, other.event_count) as event_count,
        one.readiness_overall as {{ one }}_overall,
        other.readiness_overall as {{ other }}_overall,
        other.readiness_overall - one.readiness_overall as difference,
        one_band.readiness_band as {{ one }}_band,
        other_band.readiness_band as {{ other }}_band,
        one.readiness_technical as {{ one }}_technical,
        other.readiness_technical as {{ other }}_technical,
        one.readiness_communication as {{ one }}_communication,
        other.readiness_communication as {{ other }}_communication,
        one.readiness_structure as {{ one }}_structure,
        other.readiness_structure as {{ other }}_structure,
        one.readiness_behavioral as {{ one }}_behavioral,
        other.readiness_behavioral as {{ other }}_behavioral
    from one
    full join other
        on
            one.user_id = other.user_id
            and one.snapshot_at = other.snapshot_at
    left join bands as one_band
        on
            one.readiness_overall >= coalesce(one_band.at_least, 0)
            and (one_band.below is null or one.readiness_overall < one_band.below)
    left join bands as other_band
        on
            other.readiness_overall >= coalesce(other_band.at_least, 0)
            and (other_band.below is null or other.readiness_overall < other_band.below)

)

select * from final
order by user_id, snapshot_at
