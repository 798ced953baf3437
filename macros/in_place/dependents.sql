{#- Views that depend on a relation which has to go: ours are built again later in the same build, and may go
    with it; what others made on top of it may not, and the build refuses. -#}

{% macro drop_with_dependent_views(relation, kind) -%}
    {%- do drop_dependents(relation) -%}
    {%- call statement('drop') -%} drop {{ kind }} {{ relation }} {%- endcall -%}
{%- endmacro %}


{% macro drop_dependents(relation, column=none) -%}
    {%- set dependents = dependents_of(relation, column) -%}
    {%- set others = dependents | rejectattr('is_ours') | map(attribute='name') | list -%}
    {%- if others -%}
        {%- do exceptions.raise_compiler_error(dependents_message(relation, column, others)) -%}
    {%- endif -%}
    {#- Together, so that none stands in another's way, and without cascade: it would take a user's functions. -#}
    {%- if dependents -%}
        {%- call statement('drop_dependents') -%}
            drop view {{ dependents | map(attribute='name') | join(', ') }}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{% macro dependents_message(relation, column, others) -%}
    {{ relation.schema }}.{{ relation.identifier }} has to {# -#}
    {{ 'lose its column ' ~ column if column else 'be created anew' }}, and {{ others | join(', ') }} {# -#}
    {{ 'depends' if others | length == 1 else 'depend' }} on it. Nothing was changed. {# -#}
    Drop that, build, and create it again.
{%- endmacro %}


{#- Views, directly or through others, that read a relation, or one column of it; as {name, is_ours}. -#}
{% macro dependents_of(relation, column=none) -%}
    {%- set dependents = [] -%}
    {%- for row in run_query(dependents_query(relation, column)).rows -%}
        {%- do dependents.append({'name': row[0], 'is_ours': row[1]}) -%}
    {%- endfor -%}
    {{ return(dependents) }}
{%- endmacro %}


{% macro dependents_query(relation, column) -%}
    with recursive readers as (
        select
            depend.refobjid as read_oid,
            depend.refobjsubid as read_column,
            rewrite.ev_class as reader_oid
        from pg_catalog.pg_depend as depend
        inner join pg_catalog.pg_rewrite as rewrite on depend.objid = rewrite.oid
        where
            depend.classid = 'pg_catalog.pg_rewrite'::regclass
            and depend.refclassid = 'pg_catalog.pg_class'::regclass
            and rewrite.ev_class <> depend.refobjid
    ),

    dependents as (
        select readers.reader_oid
        from readers
        where
            readers.read_oid = to_regclass('{{ relation.render() }}')
            {%- if column %}
            and readers.read_column = (
                select attnum
                from pg_catalog.pg_attribute
                where attrelid = readers.read_oid and attname = '{{ column }}' and not attisdropped
            )
            {%- endif %}
        union
        select readers.reader_oid
        from dependents
        inner join readers on dependents.reader_oid = readers.read_oid
    )

    select
        format('%I.%I', namespace.nspname, relation.relname) as name,
        coalesce(
            obj_description(relation.oid, 'pg_class') like '%{{ ownership_marker() }}', false
        ) as is_ours
    from dependents
    inner join pg_catalog.pg_class as relation on dependents.reader_oid = relation.oid
    inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
    order by name
{%- endmacro %}
