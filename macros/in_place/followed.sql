{#- Whether a model can be followed: only where the changes of everything it reads are known. Models in place
    queue rows by key; our seeds, and views in place, queue everything; documents are compared with the
    landing. Whatever else a model reads may change unnoticed, so such a model is compared whole at
    every build. -#}

{#- What this model reads that no build follows, by name: parents, also behind views, and what stands in SQL
    without ref() or source(). -#}
{% macro unfollowed_reads(outside_reads) -%}
    {%- set parents = parents_of(model, lineage().parents) -%}
    {%- set deferred = [] -%}
    {%- for unique_id in parents.reads if invocation_args_dict.get('defer') and is_deferred(graph.nodes[unique_id]) -%}
        {%- do deferred.append(node_name(graph.nodes[unique_id]) ~ ' (deferred)') -%}
    {%- endfor -%}
    {{ return((parents.unfollowed + deferred + outside_reads) | unique | list) }}
{%- endmacro %}


{#- A parent that is no node of the graph: a list of its name, or an empty one where it is a landing that the
    node follows. -#}
{% macro unfollowed_source(node, unique_id) -%}
    {%- set source = graph.sources.get(unique_id) -%}
    {%- if source is none -%}
        {{ return([unique_id]) }}
    {%- endif -%}
    {{ return([] if is_followed_landing(node, source) else [source.name]) }}
{%- endmacro %}


{#- Whether the model of this source's documents queues what is affected for the node: the node itself is that
    model, or reads from it. Views are not followed here: they are written with the cutoff of one build. -#}
{% macro is_followed_landing(node, source) -%}
    {%- if source.schema != landing_schema() or not is_in_place(node) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for unique_id in [node.unique_id] + node.depends_on.nodes if unique_id in graph.nodes -%}
        {%- set reader = graph.nodes[unique_id] -%}
        {%- set its_sources = reader.depends_on.nodes | select('in', graph.sources) | unique | list -%}
        {%- if is_in_place(reader) and (
            reader.config.get('landing') == 'whole' and reader.unique_id == node.unique_id
            or reader.config.get('landing') in ('documents', 'versions') and its_sources == [source.unique_id]
        ) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#- How the model itself and its parents are compared with the landing. -#}
{% macro landings_read_by(node) -%}
    {%- set landings = [] -%}
    {%- for unique_id in [node.unique_id] + node.depends_on.nodes if unique_id in graph.nodes -%}
        {%- do landings.append(graph.nodes[unique_id].config.get('landing')) -%}
    {%- endfor -%}
    {{ return(landings) }}
{%- endmacro %}


{#- Whether ref() may lead to another environment's relation in this build. -#}
{% macro is_deferred(node) -%}
    {{ return(node.get('defer_relation') and node.unique_id not in selected_resources) }}
{%- endmacro %}


{#- What a query reads besides its parents: relations that it names itself, functions whose answers change
    without a change of rows, such as now(), and functions that somebody wrote. PostgreSQL's own parse of the
    query shows it; asked when the query has changed. -#}
{% macro outside_reads_of(sql) -%}
    {%- set view = 'pg_temp.' ~ adapter.quote('reads of ' ~ model.alias) -%}
    {%- call statement('outside_reads', fetch_result=true) -%}
        create temporary view {{ adapter.quote('reads of ' ~ model.alias) }} as
        select 1 as one
        from (
            {{ sql }}
        ) as computed;
        {{ outside_reads_query(view) }}
    {%- endcall -%}
    {%- set reads = load_result('outside_reads').table.columns[0].values() | list -%}
    {%- call statement('drop_reads') -%} drop view {{ view }} {%- endcall -%}
    {#- PostgreSQL turns these words into a constant before the view is stored. -#}
    {%- if modules.re.search("'[^']*\\b(now|today|tomorrow|yesterday)\\b[^']*'", sql, modules.re.IGNORECASE) -%}
        {%- do reads.append("'now', 'today', 'tomorrow' or 'yesterday'") -%}
    {%- endif -%}
    {%- if every_version() in sql and 'versions' not in landings_read_by(model) -%}
        {%- do reads.append('superseded versions of documents') -%}
    {%- endif -%}
    {{ return(reads) }}
{%- endmacro %}


{% macro outside_reads_query(view) -%}
    with parsed as (
        select ev_action::text as tree
        from pg_catalog.pg_rewrite
        where ev_class = '{{ view }}'::regclass
    ),

    parents (oid) as (
        values (to_regclass('{{ this.render() | replace("'", "''") }}')::oid)
        {%- for parent in parent_relations() %},
        (to_regclass('{{ parent.render() | replace("'", "''") }}')::oid)
        {%- endfor %}
    ),

    called as (
        select distinct found[1]::oid as oid
        from parsed, regexp_matches(
            tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid|hashfuncid|negfuncid) ([0-9]+)', 'g'
        ) as found
    )

    select relation.oid::regclass::text as read
    from parsed, regexp_matches(tree, ':relid ([0-9]+)', 'g') as found
    inner join pg_catalog.pg_class as relation on found[1]::oid = relation.oid
    where relation.oid <> '{{ view }}'::regclass and relation.oid not in (
        select parents.oid from parents where parents.oid is not null
    )
    union
    select called.oid::regprocedure::text
    from called
    inner join pg_catalog.pg_proc as functions on called.oid = functions.oid
    where
        functions.oid >= 16384  {# below are PostgreSQL's own #}
        or functions.provolatile = 'v'
        or functions.proname in (
            'now', 'transaction_timestamp', 'statement_timestamp', 'current_setting', 'age',
            'current_database', 'current_schema', 'current_schemas', 'current_query', 'pg_has_role',
            'query_to_xml', 'table_to_xml', 'schema_to_xml', 'database_to_xml', 'cursor_to_xml'
        ) and not (functions.proname = 'age' and functions.pronargs = 2)
    union
    select 'current_date, current_timestamp or current_user'
    from parsed
    where tree like '%{SQLVALUEFUNCTION %'
    union
    select depend.refobjid::regclass::text
    from pg_catalog.pg_rewrite as rewrite
    inner join pg_catalog.pg_depend as depend
        on depend.classid = 'pg_catalog.pg_rewrite'::regclass and rewrite.oid = depend.objid
    where
        rewrite.ev_class = '{{ view }}'::regclass
        and depend.refclassid = 'pg_catalog.pg_class'::regclass
        and depend.refobjid <> '{{ view }}'::regclass
        and depend.refobjid not in (select parents.oid from parents where parents.oid is not null)
    order by read
{%- endmacro %}


{#- The relations that ref() and source() of this model lead to, also through ephemeral models. -#}
{% macro parent_relations() -%}
    {%- set found = [] -%}
    {%- for unique_id in (model.depends_on.nodes + reads_of(model)) | unique -%}
        {%- set parent = graph.sources.get(unique_id) or graph.nodes.get(unique_id) -%}
        {%- if parent -%}
            {%- do found.append(api.Relation.create(
                database=parent.database, schema=parent.schema, identifier=parent.get('identifier') or parent.alias
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- dbt run-operation list_unfollowed_models: models that are compared whole at every build, and what they read
    that no build follows, as of the last build. -#}
{% macro list_unfollowed_models() -%}
    {%- for row in run_query(
        "select node_name, array_to_string(unannounced_reads, ', ') from " ~ standing_relations()
        ~ " where unannounced_reads <> '{}' order by node_name"
    ).rows -%}
        {%- do log(row[0] ~ ' reads ' ~ row[1], info=true) -%}
    {%- endfor -%}
{%- endmacro %}
