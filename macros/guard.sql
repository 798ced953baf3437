{#- The guard: what a build must find before it touches anything. dbt creates schemas before
    on-run-start, so both ask here. -#}

{#- What every relation comment of ours ends with, and how the guard knows ours from theirs. -#}
{% macro ownership_marker() -%}
    {{ return(' [pulse-elt]') }}
{%- endmacro %}


{#- Overrides dbt's: the descriptions in YAML stay clean, the comments carry the marker. -#}
{% macro postgres__alter_relation_comment(relation, comment) -%}
    comment on {{ relation.type | replace('_', ' ') }} {{ relation }}
    is {{ postgres_escape_comment((comment | trim) ~ ownership_marker()) }};
{%- endmacro %}


{#- Overrides dbt's: no schema is created in a database that is not fit for us. -#}
{% macro postgres__create_schema(relation) -%}
    {%- do refuse_unfit_database() -%}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation.without_identifier().include(database=False) }}
    {%- endcall -%}
{%- endmacro %}


{#- Refuses an old server, a database without a landing, and relations of others in analytics. -#}
{% macro refuse_unfit_database() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'retry') -%}
        {%- if flags.EMPTY -%}
            {%- do exceptions.raise_compiler_error(
                "--empty would empty the marts that stand. Nothing was touched. Try it with --target dev and "
                ~ "a database of your own, or use 'dbt compile'."
            ) -%}
        {%- endif -%}
        {%- do refuse_old_server() -%}
        {%- do refuse_foreign_relations() -%}
        {%- do refuse_missing_landing() -%}
    {%- endif -%}
{%- endmacro %}


{% macro refuse_old_server() -%}
    {%- set version = run_query(
        "select current_setting('server_version_num')::int / 10000"
    ).columns[0].values()[0] | int -%}
    {%- if version < 16 -%}
        {%- do exceptions.raise_compiler_error(
            "the server is PostgreSQL " ~ version ~ "; pulse-elt needs 16 or newer."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro refuse_missing_landing() -%}
    {%- set is_there = run_query(
        "select to_regclass('raw.documents') is not null"
    ).columns[0].values()[0] -%}
    {%- if not is_there -%}
        {%- do exceptions.raise_compiler_error(
            "this database holds no landing yet: run 'pulse-elt load' or 'pulse-elt db migrate' first."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- Names relations without the marker: any in analytics, where the app may keep tables of its own, and in
    the other schemas those that stand where one of ours belongs. -#}
{% macro refuse_foreign_relations() -%}
    {%- set schema_name = generate_schema_name('analytics', none) -%}
    {%- set foreign_relations = run_query(foreign_relations_query(schema_name)).columns[0].values() -%}
    {%- if foreign_relations -%}
        {%- do exceptions.raise_compiler_error(
            "what is not pulse-elt's stands in its schemas: " ~ foreign_relations | join(', ')
            ~ ". Nothing was touched. Move that to another schema, or build into schemas of your own "
            ~ "with --target dev."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro foreign_relations_query(schema_name) -%}
    select namespace.nspname || '.' || relation.relname as name
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
    where
        relation.relkind in ('r', 'p', 'v', 'm', 'f')
        and coalesce(obj_description(relation.oid, 'pg_class'), '') not like '%{{ ownership_marker() }}'
        and (
            namespace.nspname = '{{ schema_name }}'
            or (namespace.nspname, relation.relname) in (
                {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed', 'test') %}
                ('{{ node.schema }}', '{{ node.alias }}'){{ ',' if not loop.last }}
                {%- endfor %}
            )
        )
    order by namespace.nspname, relation.relname collate "C"
{%- endmacro %}
