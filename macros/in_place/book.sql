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


{% macro built_relations() -%}
    {{ return(builds_relation().incorporate(path={'identifier': 'built_relations'})) }}
{%- endmacro %}


{% macro create_rebuild_books() -%}
    {%- set queue = rebuild_queue() -%}
    {%- set built = built_relations() -%}
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

    create table if not exists {{ built }} (
        relation_name text primary key,
        definition text not null,
        documentation text not null,
        built_at timestamptz not null
    );
    {{ postgres__alter_relation_comment(built, 'One row per relation that stands as dbt built it.') }}
    comment on column {{ built }}.relation_name is 'dbt''s name of the model or seed.';
    comment on column {{ built }}.definition is
        'Hash of what its rows follow from: its SQL, vars and macros included, and its contract.';
    comment on column {{ built }}.documentation is 'Hash of its descriptions.';
    comment on column {{ built }}.built_at is 'When that was last written, by the database clock.';
{%- endmacro %}


{#- What stands and what waits: one row about this model. -#}
{% macro standing_state(relation, name) -%}
    {%- set found = run_query(
        "select relation.relkind, relation.reltuples, built.definition, built.documentation,"
        ~ " exists (select from " ~ rebuild_queue() ~ " as queue where queue.consumer = '" ~ name ~ "')"
        ~ " from (select to_regclass('" ~ relation.render() | replace("'", "''") ~ "') as oid) as named"
        ~ " left join pg_catalog.pg_class as relation on named.oid = relation.oid"
        ~ " left join " ~ built_relations() ~ " as built on built.relation_name = '" ~ name ~ "'"
    ).rows[0] -%}
    {{ return({
        'kind': found[0],
        'row_estimate': found[1] or 0,
        'definition': found[2],
        'documentation': found[3],
        'is_awaited': found[4],
    }) }}
{%- endmacro %}


{#- SQL that writes down how a relation now stands. -#}
{% macro record_built(name, definition, documentation) -%}
    insert into {{ built_relations() }} (relation_name, definition, documentation, built_at)
    values ('{{ name }}', '{{ definition }}', '{{ documentation }}', clock_timestamp())
    on conflict (relation_name) do update
    set
        definition = excluded.definition,
        documentation = excluded.documentation,
        built_at = excluded.built_at;
{%- endmacro %}


{#- What a model's rows follow from. The cutoff differs from build to build and is no part of it, nor is
    the name of the database: a copy under another name stands as the original does. -#}
{% macro definition_of(sql) -%}
    {{ return(local_md5(tojson([
        sql | replace(build_cutoff(), ':cutoff') | replace(adapter.quote(target.database) ~ '.', ''),
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


{#- The models that read this relation, directly or through views, and the keys they rebuild by. -#}
{% macro consumers_of(unique_id) -%}
    {%- set consumers = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.materialized == 'in_place' -%}
        {%- if unique_id in everything_read_by(node) -%}
            {%- do consumers.append({'name': node.name, 'keys': as_list(node.config.get('rebuilt_by'))}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(consumers) }}
{%- endmacro %}


{% macro everything_read_by(node) -%}
    {%- set read = [] -%}
    {%- for unique_id in node.depends_on.nodes if unique_id in graph.nodes -%}
        {%- do read.append(unique_id) -%}
        {%- set parent = graph.nodes[unique_id] -%}
        {%- if parent.config.materialized in ('in_place_view', 'ephemeral') -%}
            {%- do read.extend(everything_read_by(parent)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(read) }}
{%- endmacro %}


{% macro as_list(value) -%}
    {{ return([] if value is none else [value] if value is string else value | list) }}
{%- endmacro %}


{#- SQL that tells consumers whose rows changed; `changed` holds the keys in the columns `carried`. A
    consumer that rebuilds by a key that these rows do not carry has to be rebuilt whole. -#}
{% macro tell_consumers(consumers, carried) -%}
    {%- for consumer in consumers %}
        {%- set is_keyed = consumer['keys'] and consumer['keys'] | reject('in', carried) | list | length == 0 %}
        {%- if is_keyed %}
            {%- set keys = consumer['keys'] | join(', ') %}
    insert into {{ rebuild_queue() }} (consumer, {{ keys }})
    select distinct '{{ consumer.name }}', {{ keys }}
    from changed
    where {% for key in consumer['keys'] %}{{ key }} is not null{{ ' and ' if not loop.last }}{% endfor %};
        {%- else %}
    insert into {{ rebuild_queue() }} (consumer, is_whole)
    select '{{ consumer.name }}', true where exists (select from changed);
        {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- SQL that has all consumers rebuilt whole: what they read is new, or reads differently. -#}
{% macro tell_consumers_everything(consumers) -%}
    {%- for consumer in consumers %}
    insert into {{ rebuild_queue() }} (consumer, is_whole) values ('{{ consumer.name }}', true);
    {%- endfor %}
{%- endmacro %}
