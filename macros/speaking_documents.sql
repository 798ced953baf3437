{#- Of each session and kind, the document that speaks for it: of a base model's rows those of documents that
    no other one outdoes. Few are outdone, so they are joined away and nothing is joined in: planners
    misjudge an inner join on two columns that go together. -#}

{% macro speaking_documents(model_name) -%}
    (
        select documents.*
        from {{ ref(model_name) }} as documents
        left join {{ ref('stg_pulse__duplicate_documents') }} as outdone
            on
                documents.document_id = outdone.document_id
                and documents.source_path = outdone.source_path
        where outdone.document_id is null
    ) as {{ model_name | replace('base_pulse__', '') }}
{%- endmacro %}


{#- The columns of the model's own contract, for a model that passes on what it reads. -#}
{% macro own_columns() -%}
    {{ column_list() if execute and model.resource_type == 'model' else '*' }}
{%- endmacro %}
