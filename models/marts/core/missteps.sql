{#- One row per misstep of a scored session. -#}

{{ config(materialized='in_place_view') }}

with

scorecards as (

    select
        session_id,
        user_id,
        persona,
        occurred_at,
        missteps
    from {{ ref('scorecards') }}

),

final as (

    select
        scorecards.session_id,
        listed.misstep_number::int as misstep_number,
        scorecards.user_id,
        scorecards.persona,
        scorecards.occurred_at,
        listed.misstep
    from scorecards
    cross join lateral unnest(scorecards.missteps) with ordinality as listed (misstep, misstep_number)

)

select * from final
