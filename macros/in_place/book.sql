{#- The books of rebuilds in place: what stands, by which definition, and whose rows still have to
    follow a change. Each entry is written in the transaction of the rows that it speaks of, so a
    build that fails half-way leaves nothing forgotten: the next one goes on where it stopped. -#}

{#- The keys by which rows can be rebuilt. They keep their names from base to marts. -#}
{% macro rebuild_keys() -%}
    {{ return(['source_path', 'document_id', 'session_id', 'user_id', 'user_key']) }}
{%- endmacro %}


{% macro rebuild_queue() -%}
    {{ return(builds_relation().incorporate(path={'identifier': 'rebuild_queue'})) }}
{%- endmacro %}


{% macro standing_relations() -%}
    {{ return(builds_relation().incorporate(path={'identifier': 'standing_relations'})) }}
{%- endmacro %}


{#- What the books call a node: dbt's unique name, without what all names of this project have in common. -#}
{% macro node_name(node) -%}
    {{ return(node.unique_id | replace(node.resource_type ~ '.' ~ project_name ~ '.', '')) }}
{%- endmacro %}


{% macro create_rebuild_books() -%}
    {%- set queue = rebuild_queue() -%}
    {%- set standing = standing_relations() -%}
    create table if not exists {{ queue }} (
        consumer text not null,
        is_whole boolean not null default false,
        source_path text,
        document_id bigint,
        session_id uuid,
        user_id uuid,
        user_key text
    );
    create index if not exists rebuild_queue_consumer on {{ queue }} (consumer);
    {{ postgres__alter_relation_comment(queue, 'One row per key whose rows a model has yet to rebuild.') }}
    comment on column {{ queue }}.consumer is 'The model that has yet to follow.';
    comment on column {{ queue }}.is_whole is 'Whether all of its rows have to be rebuilt; then no key is set.';
    comment on column {{ queue }}.source_path is 'Path of the document that was touched.';
    comment on column {{ queue }}.document_id is 'Number of the document that was touched.';
    comment on column {{ queue }}.session_id is 'The session that was touched.';
    comment on column {{ queue }}.user_id is 'The user that was touched, now or formerly of a touched session.';
    comment on column {{ queue }}.user_key is 'The user key that was touched.';

    {#- Its predecessor knew names only. Without it every model is compared whole once, as after any change. -#}
    drop table if exists {{ builds_relation().incorporate(path={'identifier': 'built_relations'}) }};
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
    comment on column {{ standing }}.relation_oid is 'What PostgreSQL called it when this was written.';
    comment on column {{ standing }}.book_oid is
        'What PostgreSQL called this table then: in a restored copy every relation has another oid.';
    comment on column {{ standing }}.definition is
        'Hash of what its rows follow from: its SQL, vars and macros included, and its contract. Empty '
        'for what is not rebuilt in place.';
    comment on column {{ standing }}.documentation is 'Hash of its descriptions.';
    comment on column {{ standing }}.structure is
        'Constraints, indexes and trigger that the project gave it; of a view, a hash of its query.';
    comment on column {{ standing }}.outside_reads is
        'What its SQL reads, besides its parents, that no build is told the changes of.';
    comment on column {{ standing }}.unannounced_reads is
        'All that it reads of which no build is told the changes. Where there is any, it is compared whole at '
        'every build.';
    comment on column {{ standing }}.reads is
        'The nodes that tell it of their changes, also behind views; NULL for what is not rebuilt in place.';
    comment on column {{ standing }}.built_at is 'When this was last written, by the database clock.';
    {{ let_loader_read_the_book() }}
    {{ create_touches() }}
    {{ attach_touch_trigger(queue) }}
{%- endmacro %}


{#- Loads look whether analytics is ours, too, and the role of loads reads nothing else of what is built. -#}
{% macro let_loader_read_the_book() -%}
    {%- if target.name == 'prod' %}
    do $$
    begin
        if to_regrole('pulse_loader') is not null then
            grant usage on schema {{ standing_relations().schema }} to pulse_loader;
            grant select on {{ standing_relations() }} to pulse_loader;
        end if;
    end
    $$;
    {%- endif %}
{%- endmacro %}


{#- What stands and what waits: one row about this model. -#}
{% macro standing_state(relation) -%}
    {%- set views = [] -%}
    {%- for unique_id in (everything_read_by(model) if is_in_place(model) else [])
        if is_in_place_view(graph.nodes[unique_id]) -%}
        {%- do views.append(node_name(graph.nodes[unique_id])) -%}
    {%- endfor -%}
    {%- set found = run_query(standing_state_query(relation, node_name(model), views)).rows[0] -%}
    {{ return({
        'kind': found[0],
        'row_estimate': found[1] or 0,
        'definition': found[2],
        'documentation': found[3],
        'is_awaited': found[4],
        'outside_reads': fromjson(found[5] or '[]'),
        'reads_of_views': fromjson(found[6]),
        'unannounced_reads': fromjson(found[7] or '[]'),
        'is_booked_here': found[8] or false,
        'damages': fromjson(found[9] or '[]'),
    }) }}
{%- endmacro %}


{% macro standing_state_query(relation, name, views) -%}
    with named as (
        select to_regclass('{{ relation.render() | replace("'", "''") }}') as oid
    ),

    booked as (
        select
            *,
            book_oid = tableoid as is_booked_here
        from {{ standing_relations() }}
        where schema_name = '{{ relation.schema }}' and relation_name = '{{ relation.identifier }}'
    )

    select
        relation.relkind,
        relation.reltuples,
        booked.definition,
        booked.documentation,
        exists (select from {{ rebuild_queue() }} as queue where queue.consumer = '{{ name }}') as is_awaited,
        booked.outside_reads,
        array(
            select unnest(views.outside_reads)
            from {{ standing_relations() }} as views
            where views.node_name = any({{ text_array(views) }})
        ) as reads_of_views,
        booked.unannounced_reads,
        booked.is_booked_here,
        case when relation.oid is not null and booked.definition is not null then array(
            select 'it was replaced by another relation'
            where booked.is_booked_here and booked.relation_oid <> relation.oid
            union all
            select case when lost like 'query %' then 'its query was replaced' else 'it lost ' || lost end
            from unnest(booked.structure) as lost
            where
                lost <> all({{ structure_of('relation.oid') }})
                {# Another version of PostgreSQL may write the same query otherwise. #}
                and (booked.is_booked_here or lost not like 'query %')
            union all
            {{ touches_of(relation) }}
        ) end as damages
    from named
    left join pg_catalog.pg_class as relation on named.oid = relation.oid
    left join booked on true
{%- endmacro %}


{#- What holds a relation together, as text[]: what is missing of it later, somebody has taken away. -#}
{% macro structure_of(oid) -%}
    array(
        select 'constraint ' || pg_get_constraintdef(oid)
        from pg_catalog.pg_constraint
        where conrelid = {{ oid }} and contype in ('p', 'u', 'c')
        union all
        select 'not null of ' || attname
        from pg_catalog.pg_attribute
        where attrelid = {{ oid }} and attnum > 0 and attnotnull and not attisdropped
        union all
        select 'index on ' || columns
        from ({{ indexed_columns(oid) }}) as indexes (columns)
        union all
        select 'trigger ' || tgname
        from pg_catalog.pg_trigger
        where tgrelid = {{ oid }} and tgname = '{{ touch_trigger() }}' and tgenabled in ('O', 'A')
        union all
        select 'query ' || md5(pg_get_viewdef(oid) || coalesce(reloptions::text, ''))
        from pg_catalog.pg_class
        where oid = {{ oid }} and relkind = 'v'
    )
{%- endmacro %}


{#- SQL that writes down how a relation now stands; of its indexes, those that the project gave it. -#}
{% macro record_standing(relation, definition='', documentation='', outside_reads=[], unannounced_reads=[]) -%}
    {%- set our_indexes = [] -%}
    {%- for index in config.get('indexes') or [] -%}
        {%- do our_indexes.append('index on ' ~ index['columns'] | join(',')) -%}
    {%- endfor -%}
    insert into {{ standing_relations() }} (
        schema_name, relation_name, node_name, relation_oid, book_oid, definition, documentation,
        structure, outside_reads, unannounced_reads, reads, built_at
    )
    select
        '{{ relation.schema }}', '{{ relation.identifier }}', '{{ node_name(model) }}', relation.oid,
        '{{ standing_relations() }}'::regclass, '{{ definition }}', '{{ documentation }}',
        array(
            select part
            from unnest({{ structure_of('relation.oid') }}) as part
            where part not like 'index on %' or part = any({{ text_array(our_indexes) }})
        ),
        {{ text_array(outside_reads) }}, {{ text_array(unannounced_reads) }},
        {{ text_array(everything_read_by(model) | unique | sort) if is_in_place(model) else 'null' }},
        clock_timestamp()
    from pg_catalog.pg_class as relation
    where relation.oid = '{{ relation.render() | replace("'", "''") }}'::regclass
    on conflict (schema_name, relation_name) do update
    set
        node_name = excluded.node_name,
        relation_oid = excluded.relation_oid,
        book_oid = excluded.book_oid,
        definition = excluded.definition,
        documentation = excluded.documentation,
        structure = excluded.structure,
        outside_reads = excluded.outside_reads,
        unannounced_reads = excluded.unannounced_reads,
        reads = excluded.reads,
        built_at = excluded.built_at;
    {#- Under another schema or alias the same model has been told nothing since. -#}
    update {{ standing_relations() }}
    set definition = ''
    where
        node_name = '{{ node_name(model) }}'
        and (schema_name, relation_name) <> ('{{ relation.schema }}', '{{ relation.identifier }}')
        and definition <> '';
{%- endmacro %}


{#- What a model's rows follow from. The cutoff differs from build to build and is no part of it, nor is
    the name of the database: a copy under another name stands as the original does. Keys wait under the
    model's name: whoever got another one may have missed some. -#}
{% macro definition_of(sql) -%}
    {{ return(local_md5(tojson([
        node_name(model),
        modules.re.sub("timestamptz '[^']*' /[*] cutoff [*]/", ':cutoff', sql) | replace(adapter.quote(target.database) ~ '.', ''),
        model.columns.values() | map(attribute='name') | list,
        model.columns.values() | map(attribute='data_type') | list,
        model.columns.values() | map(attribute='constraints') | map('string') | list,
        model.constraints | map('string') | list,
        config.get('indexes') | string,
        unique_key() | string,
        config.get('rebuilt_by') | string,
    ] + (['security_barrier'] if config.get('security_barrier') else [])))) }}
{%- endmacro %}


{% macro documentation_of() -%}
    {{ return(local_md5(tojson([
        model.description,
        model.columns.values() | map(attribute='description') | list,
    ]))) }}
{%- endmacro %}


{#- Whether a node is a table rebuilt in place: a model whose columns have no types is dbt's own table. -#}
{% macro is_in_place(node) -%}
    {{ return(node.config.materialized == 'in_place' and has_types(node)) }}
{%- endmacro %}


{#- Likewise for views. -#}
{% macro is_in_place_view(node) -%}
    {{ return(node.config.materialized == 'in_place_view' and has_types(node)) }}
{%- endmacro %}


{% macro has_types(node) -%}
    {{ return(node.columns.values() | selectattr('data_type') | list | length > 0) }}
{%- endmacro %}
