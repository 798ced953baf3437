{#- Who reads what a model writes, and how they are told of changes. -#}

{#- The models that read this relation, directly or through views, and the keys they rebuild by. -#}
{% macro consumers_of(unique_id) -%}
    {%- set consumers = [] -%}
    {%- for node in graph.nodes.values() if is_in_place(node) and unique_id in everything_read_by(node) -%}
        {%- do consumers.append({
            'name': node_name(node),
            'keys': as_list(node.config.get('rebuilt_by')),
            'nullable': nullable_keys(node),
        }) -%}
    {%- endfor -%}
    {{ return(consumers) }}
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
    {%- set never = [] -%}
    {%- for constraint in node.constraints or [] if constraint.type == 'primary_key' -%}
        {%- do never.extend(constraint.columns) -%}
    {%- endfor -%}
    {%- for column in node.columns.values()
        if column.constraints | selectattr('type', 'in', ['primary_key', 'not_null']) | list -%}
        {%- do never.append(column.name) -%}
    {%- endfor -%}
    {#- Every document has a path and a number. -#}
    {{ return(as_list(node.config.get('rebuilt_by')) | reject('in', never + ['source_path', 'document_id']) | list) }}
{%- endmacro %}


{% macro everything_read_by(node) -%}
    {%- set read = [] -%}
    {%- for unique_id in node.depends_on.nodes if unique_id in graph.nodes -%}
        {%- do read.append(unique_id) -%}
        {%- set parent = graph.nodes[unique_id] -%}
        {%- if parent.config.materialized == 'ephemeral' or is_in_place_view(parent) -%}
            {%- do read.extend(everything_read_by(parent)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(read) }}
{%- endmacro %}


{#- A list of texts in SQL. -#}
{% macro text_array(values) -%}
    {%- set quoted = [] -%}
    {%- for value in values %}{% do quoted.append("'" ~ value | replace("'", "''") ~ "'") %}{% endfor -%}
    array[{{ quoted | join(', ') }}]::text[]
{%- endmacro %}


{% macro as_list(value) -%}
    {{ return([] if value is none else [value] if value is string else value | list) }}
{%- endmacro %}


{#- on-run-start: who is told of what changes now, the graph says. A model that stands otherwise than the
    graph has it (it is absent or disabled, elsewhere, not in place, or reads others) is compared whole when
    its turn comes, be that in this build or when it is as it was again. -#}
{% macro remember_absent_models() -%}
    {%- if execute and is_making_relations() -%}
        {{ say_it_is_a_build() }}
        with present (node_name, schema_name, relation_name, reads) as (
            values
            (null::text, null::text, null::text, null::text[])
            {%- for node in graph.nodes.values() if is_in_place(node) %},
            (
                '{{ node_name(node) }}', '{{ node.schema }}', '{{ node.alias }}',
                {{ text_array(everything_read_by(node) | unique | sort) }}
            )
            {%- endfor %}
        )

        insert into {{ rebuild_queue() }} (consumer, is_whole)
        select standing.node_name, true
        from {{ standing_relations() }} as standing
        left join present using (node_name, schema_name, relation_name)
        where
            standing.definition <> ''
            and standing.reads is distinct from present.reads
            and to_regclass(format('%I.%I', standing.schema_name, standing.relation_name)) is not null
            and not exists (
                select from {{ rebuild_queue() }} as queue
                where queue.consumer = standing.node_name and queue.is_whole
            )
    {%- endif -%}
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
            {%- if consumer['nullable'] %}
    insert into {{ rebuild_queue() }} (consumer, is_whole)
    select '{{ consumer.name }}', true
    where exists (select from changed where {{ consumer['nullable'] | join(' is null or ') }} is null);
            {%- endif %}
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
