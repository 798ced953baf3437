{#- One row per kind of document and reason for which files or values of it are not in the marts. -#}

{{ config(materialized='in_place_view') }}

with

files as (

    select
        coalesce(kind, 'unrecognised') as kind,
        reason_code as reason
    from {{ load_ledger('quarantine') }}
    where resolved_at is null

),

rejected_values as (

    select
        kind,
        reason
    from {{ ref('stg_pulse__rejected_values') }}

),

refused as (

    select * from files
    union all
    select * from rejected_values

),

final as (

    select
        kind,
        reason,
        count(*) as count
    from refused
    group by kind, reason

)

select * from final
