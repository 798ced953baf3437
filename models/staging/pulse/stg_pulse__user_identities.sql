{#- One row per user key from before accounts existed: the account it became. -#}

{{ config(
    materialized='in_place',
    landing='whole',
    unique_key='user_key',
) }}

with

source as (

    select
        user_key,
        user_id
    from {{ loaded_identities() }}

)

select * from source
