{#- A reporting view: the columns of its own contract, which the mart's YAML allows, and the rows that the role
    may see. learner is the mart's column of the learner; none where a row is about everybody together. rows
    is the condition where it is another one, adds the SQL of columns that the mart does not have, by name. -#}
{% macro reporting_view(mart, learner, rows=none, adds={}) -%}
    {{ config(alias=mart) }}
    {%- set behind = ref(mart) -%}
    {%- if execute -%}
        {%- do refuse_personal_columns(mart) -%}
    {%- endif -%}

with

final as (

    select
        {%- for column in model.columns %}
        {{ adds[column] ~ ' as ' ~ column if column in adds else column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ behind }}
    where {{ rows or (is_seen(mart ~ '.' ~ learner) if learner else sees_all_learners()) }}

)

select * from final
{%- endmacro %}


{#- What views add to their marts. Dates that BI groups moments by, in UTC as everywhere. -#}
{% macro utc_date(moment) -%}
    ({{ moment }} at time zone 'UTC')::date
{%- endmacro %}


{% macro utc_week(moment) -%}
    date_trunc('week', {{ moment }} at time zone 'UTC')::date
{%- endmacro %}


{% macro utc_month(moment) -%}
    date_trunc('month', {{ moment }} at time zone 'UTC')::date
{%- endmacro %}


{% macro as_text(column) -%}
    {{ column }}::text
{%- endmacro %}


{#- Whole days up to the newest session of anybody, which is the same for every reader; 0 where the last
    session is later. The second argument is NULL without a last session: greatest() would pass over NULL. -#}
{% macro days_quiet(last_session_at) -%}
    greatest(
            extract(
                day from (select freshness.newest_session_at from {{ ref('data_freshness') }} as freshness)
                - {{ last_session_at }}
            )::int,
            extract(day from {{ last_session_at }} - {{ last_session_at }})::int
        )
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
