{#- One row per landed version of a user history, superseded or not: who owns it. -#}

{{ config(
    landing='versions',
    unique_key=['source_path', 'document_id'],
    rebuilt_by=['source_path', 'document_id'],
    indexes=[{'columns': ['document_id']}],
) }}

{%- set casts = [] -%}
{%- set list_names = ['history', 'sessions'] -%}
{%- do expect_list(casts, 'payload', list_names) -%}

with

source as (

    select
        document_id,
        source_path,
        user_key,
        source_modified_at,
        rejected_file_time,
        landed_at,
        payload
    from {{ detoasted(landed_versions('user_histories')) }}

),

renamed as (

    select
        -- ids
        document_id,
        source_path,
        user_key,

        -- numerics
        jsonb_array_length({{ json_list('payload', list_names) }}) as entry_count,

        -- timestamps
        source_modified_at,
        rejected_file_time,
        landed_at,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('user_history', {
            '': 'payload',
            '[]': json_list('payload', list_names),
        }) }} as unknown_fields
    from source

)

select * from renamed
