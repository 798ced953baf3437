{#- The tables that the engine keeps in schema staging beside the builds: the registry of relations
    (standing_relations), the queue of what has yet to follow (rebuild_queue) and the changes that were no
    build's (touches). Each entry is written in the transaction of the rows it is about, so a build that
    fails half-way loses nothing: the next one goes on where it stopped. -#}

{% macro registry_table(name) -%}
    {{ return(api.Relation.create(
        database=target.database, schema=generate_schema_name('staging', none), identifier=name, type='table'
    )) }}
{%- endmacro %}


{% macro rebuild_queue() -%}
    {{ return(registry_table('rebuild_queue')) }}
{%- endmacro %}


{% macro standing_relations() -%}
    {{ return(registry_table('standing_relations')) }}
{%- endmacro %}


{#- How the registry names a node: dbt's unique name, without what all names of this project share. -#}
{% macro node_name(node) -%}
    {{ return(node.unique_id | replace(node.resource_type ~ '.' ~ project_name ~ '.', '')) }}
{%- endmacro %}


{#- On-run-start: the registry must exist before anything is built, also by 'dbt seed' alone. -#}
{% macro ensure_registry() -%}
    {%- call statement('registry_exists', fetch_result=true, auto_begin=true) -%}
        select
            to_regclass('{{ standing_relations() }}') is not null
            and to_regclass('{{ rebuild_queue() }}') is not null
            and to_regclass('{{ outside_changes() }}') is not null
            and to_regproc('{{ change_function() }}') is not null
            and exists (
                select 1 from pg_catalog.pg_attribute
                where attrelid = to_regclass('{{ builds_relation() }}') and attname = 'build_number'
            )
    {%- endcall -%}
    {%- if not load_result('registry_exists').data[0][0] -%}
        {%- do begin_transaction() -%}
        {#- Two builds may find the same tables missing. -#}
        {%- call statement('take_turns') -%}
            select pg_advisory_xact_lock({{ advisory_lock('builds_table') }})
        {%- endcall -%}
        {%- do create_builds(builds_relation()) -%}
        {#- What was queued, and what was changed by hand, is unknown now: every model is compared whole. -#}
        {%- call statement('create_registry') -%}
            {{ create_rebuild_queue(rebuild_queue()) }}
            {{ create_standing_relations(standing_relations()) }}
            {{ create_outside_changes(outside_changes()) }}
            {{ mark_as_build() }}
            {{ attach_change_trigger(rebuild_queue()) }}
            {{ queue_whole(models_in_place()) }}
        {%- endcall -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
{%- endmacro %}


{% macro create_rebuild_queue(queue) -%}
    create table if not exists {{ queue }} (
        consumer text not null,
        is_whole boolean not null default false,
        {{ rebuild_key_columns() }}
    );
    create index if not exists rebuild_queue_consumer on {{ queue }} (consumer);
    {{ postgres__alter_relation_comment(queue, 'One row per key whose rows a model has yet to rebuild.') }}
    comment on column {{ queue }}.consumer is 'The model that has yet to follow.';
    comment on column {{ queue }}.is_whole is 'Whether all of its rows have to be rebuilt; then no key is set.';
    comment on column {{ queue }}.source_path is 'Path of the affected document.';
    comment on column {{ queue }}.document_id is 'Number of the affected document.';
    comment on column {{ queue }}.session_id is 'The affected session.';
    comment on column {{ queue }}.user_id is 'The affected user, now or formerly of an affected session.';
    comment on column {{ queue }}.user_key is 'The affected user key.';
{%- endmacro %}


{% macro create_standing_relations(standing) -%}
    {#- Its predecessor knew names only. Without it every model is compared whole once, as after any change. -#}
    drop table if exists {{ registry_table('built_relations') }};
    create table if not exists {{ standing }} (
        schema_name text not null,
        relation_name text not null,
        node_name text not null,
        relation_oid oid not null,
        book_oid oid not null,
        definition text not null,
        documentation text not null,
        structure text[] not null,
        outside_reads text[] not null,
        unannounced_reads text[] not null,
        reads text[],
        built_at timestamptz not null,
        primary key (schema_name, relation_name)
    );
    {{ postgres__alter_relation_comment(
        standing, 'One row per relation that a build of this project made, by any materialization.'
    ) }}
    comment on column {{ standing }}.schema_name is 'Its schema.';
    comment on column {{ standing }}.relation_name is 'Its name.';
    comment on column {{ standing }}.node_name is 'dbt''s name of the model, seed, snapshot or test.';
    comment on column {{ standing }}.relation_oid is 'Its oid when this row was written.';
    comment on column {{ standing }}.book_oid is
        'The oid of this table then: in a restored copy every relation has another oid.';
    comment on column {{ standing }}.definition is
        'Hash of what its rows follow from: its SQL, vars and macros included, and its contract. Empty '
        'for what is not rebuilt in place.';
    comment on column {{ standing }}.documentation is 'Hash of its descriptions.';
    comment on column {{ standing }}.structure is
        'Constraints, indexes and trigger that the project gave it; of a view, a hash of its query.';
    comment on column {{ standing }}.outside_reads is
        'What its SQL reads besides its parents, and whose changes no build follows.';
    comment on column {{ standing }}.unannounced_reads is
        'All that it reads and whose changes no build follows. Where there is any, it is compared whole at '
        'every build.';
    comment on column {{ standing }}.reads is
        'The nodes whose changes it follows, also behind views; NULL for what is not rebuilt in place.';
    comment on column {{ standing }}.built_at is 'When this row was last written, by the database clock.';
    {{ grant_registry_to_loader(standing) if target.name == 'prod' }}
{%- endmacro %}


{#- Loads also check that schema analytics is ours, and their role may read nothing else of what is built. -#}
{% macro grant_registry_to_loader(standing) -%}
    do $$
    begin
        if to_regrole('pulse_loader') is not null then
            grant usage on schema {{ standing.schema }} to pulse_loader;
            grant select on {{ standing }} to pulse_loader;
        end if;
    end
    $$;
{%- endmacro %}
