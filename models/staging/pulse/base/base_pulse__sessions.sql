{#- One row per current session document: extracted and cast. -#}

{{ whole_documents('session') }}

{%- set casts = [] -%}
{%- do expect_shape(casts, 'source.payload', '$', 'object') -%}
{%- do expect_session_id(casts, 'document.session_id', 'source.session_key') -%}
{%- do expect_shape(casts, 'document.request', 'request', 'object') -%}

with

source as (

    select * from {{ documents_of('session') }}

),

renamed as (

    select
        {{ document_columns('session', 'source') }},

        -- ids
        {{ safe_user_key(casts, 'document.user_id', 'user_id') }} as user_key,
        {{ safe_user_key(casts, "document.request -> 'userId'", 'request.userId') }} as request_user_key,
        {{ safe_user_key(casts, "document.request -> 'user_id'", 'request.user_id') }}
            as request_other_user_key,

        -- strings
        {{ safe_text(casts, 'document.persona', 'persona') }} as persona,
        {{ safe_text(casts, "document.request -> 'persona'", 'request.persona') }} as request_persona,
        {{ safe_text(casts, 'document.status', 'status') }} as session_status,

        -- timestamps
        {{ safe_timestamp(casts, 'document.created_at', 'created_at', 'source.landed_at') }}
            as created_at,
        {{ safe_timestamp(casts, 'document.completed_at', 'completed_at', 'source.landed_at') }}
            as completed_at,

        -- what could not be cast
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('session', {'': 'source.payload'}) }} as unknown_fields
    from source
    cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as document (
        session_id jsonb,
        user_id jsonb,
        request jsonb,
        persona jsonb,
        status jsonb,
        created_at jsonb,
        completed_at jsonb
    )

)

select * from renamed
