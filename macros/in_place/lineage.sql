{#- Which nodes are in place, what each of them reads, and who reads it. -#}

{#- Whether a node is a table rebuilt in place: a model whose columns have no types is dbt's own table. -#}
{% macro is_in_place(node, materialization='in_place') -%}
    {{ return(
        node.config.materialized == materialization
        and node.columns.values() | selectattr('data_type') | list | length > 0
    ) }}
{%- endmacro %}


{% macro is_in_place_view(node) -%}
    {{ return(is_in_place(node, 'in_place_view')) }}
{%- endmacro %}


{#- Walks dbt's graph once, and keeps what it found in dbt's own object, which lives as long as the graph:
    by node what it reads, through views too, the views among that, and its unfollowed parents (followed.sql);
    and by node its readers. -#}
{% macro lineage() -%}
    {%- if 'pulse_elt_lineage' not in graph -%}
        {%- set found = {'parents': {}, 'readers': {}} -%}
        {%- for node in graph.nodes.values() if is_in_place(node) -%}
            {%- set reader = {
                'name': node_name(node),
                'keys': as_list(node.config.get('rebuilt_by')),
                'nullable': nullable_keys(node),
            } -%}
            {%- for unique_id in parents_of(node, found.parents).reads | unique -%}
                {%- do found.readers.setdefault(unique_id, []).append(reader) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do graph.update({'pulse_elt_lineage': found}) -%}
    {%- endif -%}
    {{ return(graph['pulse_elt_lineage']) }}
{%- endmacro %}


{% macro parents_of(node, known) -%}
    {%- if node.unique_id not in known -%}
        {%- set found = {'reads': [], 'views': [], 'unfollowed': []} -%}
        {%- for unique_id in node.depends_on.nodes -%}
            {%- set parent = graph.nodes.get(unique_id) -%}
            {%- if parent is none -%}
                {%- do found.unfollowed.extend(unfollowed_source(node, unique_id)) -%}
            {%- else -%}
                {%- do found.reads.append(unique_id) -%}
                {%- set is_view = is_in_place_view(parent) -%}
                {%- if is_view -%} {%- do found.views.append(node_name(parent)) -%} {%- endif -%}
                {%- if is_view or parent.config.materialized == 'ephemeral' -%}
                    {%- for part, values in parents_of(parent, known).items() -%}
                        {%- do found[part].extend(values) -%}
                    {%- endfor -%}
                {%- elif parent.resource_type != 'seed' and not is_in_place(parent) -%}
                    {%- do found.unfollowed.append(node_name(parent)) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do known.update({node.unique_id: found}) -%}
    {%- endif -%}
    {{ return(known[node.unique_id]) }}
{%- endmacro %}


{#- The models in place that read a relation, directly or through views, and the keys they rebuild by. -#}
{% macro readers_of(unique_id) -%}
    {{ return(lineage().readers.get(unique_id, [])) }}
{%- endmacro %}


{#- The nodes that a node in place reads, directly or through views. -#}
{% macro reads_of(node) -%}
    {{ return(parents_of(node, lineage().parents).reads | unique | sort) }}
{%- endmacro %}


{% macro models_in_place() -%}
    {%- set models = [] -%}
    {%- for node in graph.nodes.values() if is_in_place(node) -%}
        {%- do models.append({'name': node_name(node)}) -%}
    {%- endfor -%}
    {{ return(models) }}
{%- endmacro %}


{#- The keys that a model rebuilds by and that its contract lets be NULL. -#}
{% macro nullable_keys(node) -%}
    {#- Every document has a path and a number. -#}
    {%- set never = ['source_path', 'document_id'] -%}
    {%- for constraint in node.constraints or [] if constraint.type == 'primary_key' -%}
        {%- do never.extend(constraint.columns) -%}
    {%- endfor -%}
    {%- for column in node.columns.values()
        if column.constraints | selectattr('type', 'in', ['primary_key', 'not_null']) | list -%}
        {%- do never.append(column.name) -%}
    {%- endfor -%}
    {{ return(as_list(node.config.get('rebuilt_by')) | reject('in', never) | list) }}
{%- endmacro %}
