{#- A reporting view: the columns of its own contract, which the mart's YAML allows, and the rows that the role
    may see. learner is the mart's column of the learner; none where a row is about everybody together. -#}
{% macro reporting_view(mart, learner) -%}
    {{ config(alias=mart) }}
    {%- set behind = ref(mart) -%}
    {%- if execute -%}
        {%- do refuse_personal_columns(mart) -%}
    {%- endif -%}

with

final as (

    select
        {{ model.columns | join(',\n        ') }}
    from {{ behind }}
    where {{ is_seen(mart ~ '.' ~ learner) if learner else sees_all_learners() }}

)

select * from final
{%- endmacro %}


{% macro refuse_personal_columns(mart) -%}
    {%- if not model.columns -%}
        {%- do exceptions.raise_compiler_error(model.name ~ " has no columns in its YAML: run 'make marts'.") -%}
    {%- endif -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == mart -%}
        {%- for column in node.columns.values() if column.name in model.columns and column.meta.contains_pii -%}
            {%- do exceptions.raise_compiler_error(
                model.name ~ " shows " ~ column.name ~ ", which contains_pii."
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
