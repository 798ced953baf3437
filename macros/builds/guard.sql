{#- The guard: what a build must find before it touches anything. dbt creates schemas before
    on-run-start, so both ask here. -#}

{#- How every comment on a relation of ours ends, and by which the guard recognises ours. -#}
{% macro ownership_marker() -%}
    {{ return(' [pulse-elt]') }}
{%- endmacro %}


{#- Overrides dbt's: the descriptions in YAML stay clean, the comments carry the marker. -#}
{% macro postgres__alter_relation_comment(relation, comment) -%}
    comment on {{ relation.type | replace('_', ' ') }} {{ relation }}
    is {{ postgres_escape_comment((comment | trim) ~ ownership_marker()) }};
{%- endmacro %}


{#- Overrides dbt's, which comments on nothing that has no description: in the transaction that makes a
    relation, by any materialization of any package, it gets its marker and is registered. What is rebuilt
    in place comments and registers by itself, and seeds register by themselves. -#}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if for_relation -%}
        {%- do run_query(alter_relation_comment(
            relation, model.description if config.persist_relation_docs() else ''
        )) -%}
        {%- if model.resource_type != 'seed' -%}
            {%- do run_query(register_relation(relation)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do default__persist_docs(relation, model, false, for_columns) -%}
{%- endmacro %}


{#- SQL for what is rebuilt in place: all comments at once. Its columns are known, so none is looked up. -#}
{% macro comment_on(relation) -%}
    {{ alter_relation_comment(relation, model.description if config.persist_relation_docs() else '') }}
    {%- for column in model.columns.values() if config.persist_column_docs() %}
    comment on column {{ relation }}.{{ adapter.quote(column.name) if column.quote else column.name }}
    is '{{ column.description | replace("'", "''") }}';
    {%- endfor %}
{%- endmacro %}


{#- The commands that make relations. -#}
{% macro is_making_relations() -%}
    {{ return(flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'clone', 'retry')) }}
{%- endmacro %}


{#- Overrides dbt's: no schema is created in a database that is not fit for us. -#}
{% macro postgres__create_schema(relation) -%}
    {%- if is_making_relations() -%} {%- do refuse_unfit_database() -%} {%- endif -%}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation.without_identifier().include(database=False) }}
    {%- endcall -%}
{%- endmacro %}


{#- Refuses an old server, a database without a landing, relations of others in analytics, and a session that is
    not as loaders/database/session.py says. -#}
{% macro refuse_unfit_database() -%}
    {%- if flags.EMPTY -%}
        {%- do exceptions.raise_compiler_error(
            "--empty would empty the marts that stand. Nothing was changed. Try it with --target dev and "
            ~ "a database of your own, or use 'dbt compile'."
        ) -%}
    {%- endif -%}
    {%- set version, has_landing, has_registry, is_pinned, encoding = run_query(
        "select current_setting('server_version_num')::int / 10000, to_regclass('raw.documents') is not null,"
        ~ " to_regclass('" ~ standing_relations() ~ "') is not null,"
        ~ " coalesce(current_setting('pulse_elt.session', true), '') = 'pinned', current_setting('client_encoding')"
    ).rows[0] -%}
    {%- if not is_pinned -%}
        {%- do exceptions.raise_compiler_error(
            "profiles.yml is of an older version and does not set what builds depend on. Nothing was changed. "
            ~ "Copy profiles.example.yml to profiles.yml again."
        ) -%}
    {%- elif encoding != 'UTF8' -%}
        {%- do exceptions.raise_compiler_error(
            "this session is in " ~ encoding ~ ", not in UTF-8: export PGCLIENTENCODING=UTF8 first."
        ) -%}
    {%- endif -%}
    {%- do refuse_another_server() -%}
    {%- if version < 16 -%}
        {%- do exceptions.raise_compiler_error(
            "the server is PostgreSQL " ~ version ~ "; pulse-elt needs 16 or newer."
        ) -%}
    {%- endif -%}
    {%- do refuse_foreign_relations(has_registry) -%}
    {%- if not has_landing -%}
        {%- do exceptions.raise_compiler_error(
            "this database holds no landing yet: run 'pulse-elt load' or 'pulse-elt db migrate' first."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- Refuses a server that is not the one that 'pulse-elt build' has reached before. -#}
{% macro refuse_another_server() -%}
    {%- set expected = env_var('PULSE_ELT_SERVER', '') -%}
    {%- if expected and run_query("select system_identifier::text from pg_control_system()").rows[0][0] != expected -%}
        {%- do refuse_by_server(
            'insufficient_privilege',
            "dbt has reached another server than pulse-elt. Nothing was changed. A name, a list of hosts or a "
            ~ "proxy leads to several: name one of them."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- Refuses relations that are not ours: any in analytics, where the app may keep tables of its own, and in the
    other schemas those that stand where one of ours belongs. Ours carries the marker, or is registered; to
    have the name of a model is not enough. -#}
{% macro refuse_foreign_relations(has_registry) -%}
    {%- set schema_name = generate_schema_name('analytics', none) -%}
    {%- set foreign_relations = run_query(
        foreign_relations_query(schema_name, has_registry)
    ).columns[0].values() -%}
    {%- if foreign_relations -%}
        {%- do exceptions.raise_compiler_error(
            "the schemas of pulse-elt hold foreign relations: " ~ foreign_relations | join(', ')
            ~ ". Nothing was changed. Move that to another schema, or build into schemas of your own "
            ~ "with --target dev. What this project made and has forgotten (comment and registry are lost) is ours "
            ~ "again after: comment on table SCHEMA.NAME is '" ~ ownership_marker() ~ "'; kept rows of "
            ~ "test_failures may be dropped."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro foreign_relations_query(schema_name, has_registry) -%}
    select namespace.nspname || '.' || relation.relname as name
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
    where
        relation.relkind in ('r', 'p', 'v', 'm', 'f')
        and coalesce(obj_description(relation.oid, 'pg_class'), '') not like '%{{ ownership_marker() }}'
        {%- if has_registry %}
        and not exists (
            select 1 from {{ standing_relations() }} as standing
            where
                namespace.nspname = standing.schema_name
                {# A killed build may leave the table that it has just replaced. #}
                and regexp_replace(relation.relname, '__dbt_(backup|tmp)$', '') = standing.relation_name
        )
        {%- endif %}
        and (
            namespace.nspname = '{{ schema_name }}'
            or (namespace.nspname, relation.relname) in (
                {%- for node in graph.nodes.values()
                    if node.resource_type in ('model', 'seed', 'snapshot', 'test') %}
                ('{{ node.schema }}', '{{ node.alias }}'){{ ',' if not loop.last }}
                {%- endfor %}
            )
        )
    order by namespace.nspname, relation.relname collate "C"
{%- endmacro %}
