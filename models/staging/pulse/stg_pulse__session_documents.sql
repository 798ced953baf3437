{#- One row per current document of a session, of every kind. -#}

with

documents as (

    {%- call(kind, rule) union_of_kinds(session_kinds()) %}
    select
        document_id,
        source_path,
        session_id,
        session_key,
        '{{ kind }}' as kind,
        source_modified_at,
        rejected_file_time
    from {{ ref(base_model_of(kind)) }}
    {%- endcall %}

)

select * from documents
