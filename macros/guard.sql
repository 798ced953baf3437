{#- The guard: the app may have tables of its own in analytics, and a build must never touch them. -#}

{#- What every relation comment of ours ends with, and how the guard knows ours from theirs. -#}
{% macro ownership_marker() -%}
    {{ return(' [pulse-elt]') }}
{%- endmacro %}


{#- Overrides dbt's: the descriptions in YAML stay clean, the comments carry the marker. -#}
{% macro postgres__alter_relation_comment(relation, comment) -%}
    comment on {{ relation.type | replace('_', ' ') }} {{ relation }}
    is {{ postgres_escape_comment((comment | trim) ~ ownership_marker()) }};
{%- endmacro %}


{#- on-run-start: refuse, naming them, when analytics holds relations without the marker. -#}
{% macro refuse_foreign_relations() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'retry') -%}
        {%- set schema_name = generate_schema_name('analytics', none) -%}
        {%- set foreign_relations = run_query(
            "select relation.relname"
            ~ " from pg_catalog.pg_class as relation"
            ~ " inner join pg_catalog.pg_namespace as namespace"
            ~ " on relation.relnamespace = namespace.oid"
            ~ " where namespace.nspname = '" ~ schema_name ~ "'"
            ~ " and relation.relkind in ('r', 'p', 'v', 'm', 'f')"
            ~ " and coalesce(obj_description(relation.oid, 'pg_class'), '')"
            ~ " not like '%" ~ ownership_marker() ~ "'"
            ~ " order by relation.relname collate \"C\""
        ).columns[0].values() -%}
        {%- if foreign_relations -%}
            {%- do exceptions.raise_compiler_error(
                "schema " ~ schema_name ~ " already holds relations that are not pulse-elt's: "
                ~ foreign_relations | join(', ') ~ ". Nothing was touched. Move them to another "
                ~ "schema, or build into schemas of your own with --target dev."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
