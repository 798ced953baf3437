{#- One row per database: how old the marts are. Read live, since a build ends after its last model. -#}

{{ config(materialized='in_place_view') }}

with

last_build as (

    select
        cutoff_at,
        finished_at
    from {{ builds_relation() }}
    where is_successful
    order by build_number desc
    limit 1

),

loads as (

    select finished_at
    from {{ load_ledger('loads') }}
    where status = 'succeeded'

),

-- A session after the cutoff has a wrong date; by it everybody would be quiet.
sessions as (

    select occurred_at
    from {{ ref('int_sessions_resolved') }}
    where occurred_at <= coalesce((select last_build.cutoff_at from last_build), now())

),

final as (

    select
        (select last_build.cutoff_at from last_build) as cutoff,
        (select last_build.finished_at from last_build) as built_at,
        (select max(sessions.occurred_at) from sessions) as newest_session_at,
        (select max(loads.finished_at) from loads) as last_load_at

)

select * from final
