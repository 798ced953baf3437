{#- Step 1, state: how a relation stands, what is queued for it, and how that is recorded. -#}

{#- Opens the node's transaction, marks it as a build's, and reads the state; all in one round trip. -#}
{% macro read_state(relation) -%}
    {%- call statement('state', fetch_result=true, auto_begin=true) -%}
        set constraints all immediate;
        {{ mark_as_build() }}
        {{ state_query(relation, standing_relations(), node_name(model)) }}
    {%- endcall -%}
    {%- set found = load_result('state').table.rows[0] -%}
    {{ return({
        'kind': found[0],
        'row_estimate': found[1] or 0,
        'definition': found[2],
        'documentation': found[3],
        'is_queued': found[4],
        'outside_reads': fromjson(found[5] or '[]'),
        'outside_reads_of_views': fromjson(found[6]),
        'unfollowed_reads': fromjson(found[7] or '[]'),
        'is_registered_here': found[8] or false,
        'damages': fromjson(found[9] or '[]'),
    }) }}
{%- endmacro %}


{% macro state_query(relation, registry, name) -%}
    {%- set kind = 'view' if model.config.materialized == 'in_place_view' else 'table' -%}
    with named as (
        select to_regclass('{{ relation.render() | replace("'", "''") }}') as oid
    ),

    registered as (
        select
            *,
            book_oid = tableoid as is_registered_here
        from {{ registry }}
        where schema_name = '{{ relation.schema }}' and relation_name = '{{ relation.identifier }}'
    )

    select
        relation.relkind,
        relation.reltuples,
        registered.definition,
        registered.documentation,
        exists (select 1 from {{ rebuild_queue() }} as queue where queue.consumer = '{{ name }}') as is_queued,
        registered.outside_reads,
        array(
            select unnest(views.outside_reads)
            from {{ registry }} as views
            where views.node_name = any({{ text_array(parents_of(model, lineage().parents).views) }})
        ) as outside_reads_of_views,
        registered.unannounced_reads,
        registered.is_registered_here,
        case when relation.oid is not null and registered.definition is not null then array(
            select 'it was replaced by another relation'
            where registered.is_registered_here and registered.relation_oid <> relation.oid
            union all
            select case when lost like 'query %' then 'its query was replaced' else 'it lost ' || lost end
            from unnest(registered.structure) as lost
            where
                lost <> all({{ structure_of('relation.oid', kind) }})
                {# Another version of PostgreSQL may write the same query otherwise. #}
                and (registered.is_registered_here or lost not like 'query %')
            union all
            {{ outside_changes_to(relation) }}
        ) end as damages
    from named
    left join pg_catalog.pg_class as relation on named.oid = relation.oid
    left join registered on true
{%- endmacro %}


{#- What holds a relation together, as text[]: whatever of it is missing later, somebody has removed. Looking at the
    catalogue costs more than all else in a state, so of a table or a view only its own parts are read. -#}
{% macro structure_of(oid, kind='any') -%}
    array(
        {%- if kind != 'view' %}
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
        where tgrelid = {{ oid }} and tgname = '{{ change_trigger() }}' and tgenabled in ('O', 'A')
        {%- endif %}
        {{ 'union all' if kind == 'any' }}
        {%- if kind != 'table' %}
        select 'query ' || md5(pg_get_viewdef(oid) || coalesce(reloptions::text, ''))
        from pg_catalog.pg_class
        where oid = {{ oid }} and relkind = 'v'
        {%- endif %}
    )
{%- endmacro %}


{#- SQL that records how a relation stands now; of its indexes, those that the project gave it. -#}
{% macro register_relation(relation, definition='', documentation='', outside_reads=[], unfollowed_reads=[]) -%}
    {%- set registry = standing_relations() -%}
    {%- set columns = [
        'node_name', 'relation_oid', 'book_oid', 'definition', 'documentation', 'structure', 'outside_reads',
        'unannounced_reads', 'reads', 'built_at'
    ] -%}
    {%- set our_indexes = [] -%}
    {%- for index in config.get('indexes') or [] -%}
        {%- do our_indexes.append('index on ' ~ index['columns'] | join(',')) -%}
    {%- endfor -%}
    insert into {{ registry }} (schema_name, relation_name, {{ columns | join(', ') }})
    select
        '{{ relation.schema }}', '{{ relation.identifier }}', '{{ node_name(model) }}', relation.oid,
        '{{ registry }}'::regclass, '{{ definition }}', '{{ documentation }}',
        array(
            select part
            from unnest({{ structure_of('relation.oid') }}) as part
            where part not like 'index on %' or part = any({{ text_array(our_indexes) }})
        ),
        {{ text_array(outside_reads) }}, {{ text_array(unfollowed_reads) }},
        {{ text_array(reads_of(model)) if is_in_place(model) else 'null' }},
        clock_timestamp()
    from pg_catalog.pg_class as relation
    where relation.oid = '{{ relation.render() | replace("'", "''") }}'::regclass
    on conflict (schema_name, relation_name) do update
    set ({{ columns | join(', ') }}) = row({{ prefixed('excluded', columns) | join(', ') }});
    {#- Under another schema or alias nothing has been queued for the same model since. -#}
    update {{ registry }}
    set definition = ''
    where
        node_name = '{{ node_name(model) }}'
        and (schema_name, relation_name) <> ('{{ relation.schema }}', '{{ relation.identifier }}')
        and definition <> '';
{%- endmacro %}


{#- Post-hook of all models: materializations that somebody wrote need not call persist_docs. -#}
{% macro register_unknown_materialization() -%}
    {%- if execute and config.get('materialized') not in [
        'in_place', 'in_place_view', 'table', 'view', 'incremental', 'materialized_view', 'ephemeral'
    ] -%}
        {{ register_relation(this) }}
    {%- endif -%}
{%- endmacro %}


{#- A hash of what a model's rows follow from. It leaves out the cutoff, which differs from build to build, and
    the name of the database, so that a copy under another name is unchanged. The queue names models: whoever
    is renamed may have missed entries, so the name is part of it. -#}
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
