{#- The authoritative document of each session and kind: a base model minus the duplicates that lost against
    another document. Few lose, so an anti-join removes them: planners misjudge an inner join on two correlated
    columns. -#}

{% macro authoritative_documents(model_name) -%}
    (
        select documents.*
        from {{ ref(model_name) }} as documents
        left join {{ ref('stg_pulse__duplicate_documents') }} as duplicates
            on
                documents.document_id = duplicates.document_id
                and documents.source_path = duplicates.source_path
        where duplicates.document_id is null
    ) as {{ model_name | replace('base_pulse__', '') }}
{%- endmacro %}


{#- The columns of the model's own contract, for a model that passes on what it reads. -#}
{% macro own_columns() -%}
    {{ column_list() if execute and model.resource_type == 'model' else '*' }}
{%- endmacro %}
