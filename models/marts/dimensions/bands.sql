{#- One row per band of readiness. -#}

with

bands as (

    select
        readiness_band,
        at_least,
        below,
        colour
    from {{ ref('readiness_bands') }}

),

final as (

    select
        readiness_band,
        (row_number() over (order by at_least nulls first) - 1)::int as sort_order,
        colour,
        at_least,
        below
    from bands

)

select * from final
