{#- Keys, checks, NOT NULL and indexes of a standing table: brought into line with its contract. -#}

{% macro constraints_of(relation) -%}
    {{ return(run_query(
        "select conname, pg_get_constraintdef(oid) from pg_catalog.pg_constraint"
        ~ " where conrelid = '" ~ relation.render() ~ "'::regclass and contype in ('p', 'u', 'c')"
        ~ " order by contype desc, conname"
    ).rows) }}
{%- endmacro %}


{#- Before the rows: what the shape does not have must not forbid what it allows. -#}
{% macro release_constraints(shape, relation) -%}
    {%- set wanted = constraints_of(shape) | map('last') | list -%}
    {%- call statement('release_constraints') -%}
        select 1;
        {%- for constraint in constraints_of(relation) if constraint[1] not in wanted %}
        alter table {{ relation }} drop constraint {{ adapter.quote(constraint[0]) }};
        {%- endfor %}
        {%- for column in differing_nulls(shape, relation) if not column[1] %}
        alter table {{ relation }} alter column {{ adapter.quote(column[0]) }} drop not null;
        {%- endfor %}
    {%- endcall -%}
{%- endmacro %}


{#- After the rows: keys, checks and NOT NULL as in the shape. -#}
{% macro conform_constraints(shape, relation) -%}
    {%- set standing = constraints_of(relation) | map('last') | list -%}
    {%- call statement('conform_constraints') -%}
        select 1;
        {%- for column in differing_nulls(shape, relation) if column[1] %}
        alter table {{ relation }} alter column {{ adapter.quote(column[0]) }} set not null;
        {%- endfor %}
        {%- for constraint in constraints_of(shape) if constraint[1] not in standing %}
        alter table {{ relation }} add {{ constraint[1] }};
        {%- endfor %}
    {%- endcall -%}
{%- endmacro %}


{#- Columns that only one of both allows to be NULL: name, whether the shape forbids it. -#}
{% macro differing_nulls(shape, relation) -%}
    {{ return(run_query(
        "select shape.attname, shape.attnotnull"
        ~ " from pg_catalog.pg_attribute as shape"
        ~ " inner join pg_catalog.pg_attribute as standing on shape.attname = standing.attname"
        ~ " where shape.attrelid = '" ~ shape.render() ~ "'::regclass and shape.attnum > 0"
        ~ " and standing.attrelid = '" ~ relation.render() ~ "'::regclass"
        ~ " and shape.attnotnull <> standing.attnotnull"
    ).rows) }}
{%- endmacro %}


{#- dbt names indexes by the clock, so existing ones are recognised by their columns. -#}
{% macro create_missing_indexes(relation) -%}
    {%- set there = run_query(
        indexed_columns("'" ~ relation.render() ~ "'::regclass")
    ).columns[0].values() -%}
    {%- for index in config.get('indexes', []) if index['columns'] | join(',') not in there -%}
        {%- call statement('create_index') -%} {{ get_create_index_sql(relation, index) }} {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


{#- The columns of each plain index of a relation, as text. -#}
{% macro indexed_columns(oid) -%}
    select array_to_string(array(
        select attname
        from unnest(indkey) with ordinality as place (attnum, position)
        inner join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = indrelid and attribute.attnum = place.attnum
        order by place.position
    ), ',')
    from pg_catalog.pg_index
    where indrelid = {{ oid }} and indisvalid and indpred is null and indexprs is null
{%- endmacro %}
