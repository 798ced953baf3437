{#- One row per landed version of a user history, superseded or not: who owns it. -#}

{{ whole_documents('user_history') }}

{%- set casts = [] -%}
{%- set list_names = ['history', 'sessions'] -%}
{%- do expect_list(casts, 'payload', list_names) -%}

with

source as (

    select * from {{ documents_of('user_history', is_detoasted=true) }}

),

renamed as (

    select
        {{ document_columns('user_history') }},

        -- numerics
        jsonb_array_length({{ json_list('payload', list_names) }}) as entry_count,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('user_history', {
            '': 'payload',
            '[]': json_list('payload', list_names),
        }) }} as unknown_fields
    from source

)

select * from renamed
