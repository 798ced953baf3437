{#- Keys, checks, NOT NULL and indexes of a standing table: brought into line with its contract. -#}

{#- The clauses of ALTER TABLE that make the keys, checks and NOT NULL of a table those of the shape. What the shape
    does not have is released before the rows come, since it may forbid them; the rest is required after. -#}
{% macro constraint_changes(shape, relation) -%}
    {%- set changes = {'released': [], 'required': []} -%}
    {%- for row in run_query(constraint_changes_query(shape, relation)).rows -%}
        {%- do changes[row[0]].append(row[1]) -%}
    {%- endfor -%}
    {{ return(changes) }}
{%- endmacro %}


{% macro constraint_changes_query(shape, relation) -%}
    with constraints as (
        select conrelid, conname, contype, pg_get_constraintdef(oid) as definition
        from pg_catalog.pg_constraint
        where
            conrelid in ('{{ shape.render() }}'::regclass, '{{ relation.render() }}'::regclass)
            and contype in ('p', 'u', 'c')
    ),

    wanted as (select * from constraints where conrelid = '{{ shape.render() }}'::regclass),

    standing as (select * from constraints where conrelid = '{{ relation.render() }}'::regclass)

    select 'released' as step, format('drop constraint %I', conname) as clause, contype
    from standing
    where definition not in (select wanted.definition from wanted)
    union all
    select 'required', 'add ' || definition, contype
    from wanted
    where definition not in (select standing.definition from standing)
    union all
    select
        case when shape.attnotnull then 'required' else 'released' end,
        format('alter column %I %s not null', shape.attname, case when shape.attnotnull then 'set' else 'drop' end),
        'n'
    from pg_catalog.pg_attribute as shape
    inner join pg_catalog.pg_attribute as attribute on shape.attname = attribute.attname
    where
        shape.attrelid = '{{ shape.render() }}'::regclass
        and shape.attnum > 0
        and attribute.attrelid = '{{ relation.render() }}'::regclass
        and shape.attnotnull <> attribute.attnotnull
    order by contype desc, clause
{%- endmacro %}


{% macro alter_table(relation, clauses) -%}
    {%- if clauses -%}
        {%- call statement('alter_table') -%} alter table {{ relation }} {{ clauses | join(', ') }} {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{#- dbt names indexes by the clock, so existing ones are recognised by their columns. -#}
{% macro create_missing_indexes(relation) -%}
    {%- set indexes = config.get('indexes') or [] -%}
    {%- set existing = run_query(
        indexed_columns("'" ~ relation.render() ~ "'::regclass")
    ).columns[0].values() if indexes -%}
    {%- for index in indexes if index['columns'] | join(',') not in existing -%}
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
