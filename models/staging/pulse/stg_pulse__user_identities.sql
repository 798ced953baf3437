{#- One row per user key from before accounts existed: the account it became. -#}

{{ config(materialized='table') }}

with

source as (

    select
        user_key,
        user_id
    from {{ loaded_identities() }}

)

select * from source
