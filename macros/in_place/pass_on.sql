{#- Step 5, pass on: changed rows are queued, by key, for the models that read them. -#}

{#- SQL that queues the keys in the temporary table `changed` for each reader; `carried` are its columns. A
    reader that rebuilds by a key which these rows do not carry, or which is NULL, is rebuilt whole. -#}
{% macro queue_changed(readers, carried) -%}
    {%- for reader in readers %}
        {%- set keys = reader['keys'] | join(', ') %}
        {%- set is_keyed = keys and reader['keys'] | reject('in', carried) | list | length == 0 %}
        {%- if is_keyed %}
    insert into {{ rebuild_queue() }} (consumer, {{ keys }})
    select distinct '{{ reader.name }}', {{ keys }}
    from changed
    where {{ reader['keys'] | join(' is not null and ') }} is not null;
        {%- endif %}
        {%- if not is_keyed or reader.nullable %}
    insert into {{ rebuild_queue() }} (consumer, is_whole)
    select '{{ reader.name }}', true
    where exists (
        select 1 from changed{{ ' where ' ~ reader.nullable | join(' is null or ') ~ ' is null' if is_keyed }}
    );
        {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- SQL that has readers rebuilt whole: what they read is new, or of another definition. -#}
{% macro queue_whole(readers) -%}
    insert into {{ rebuild_queue() }} (consumer, is_whole)
    select name, true from unnest({{ text_array(readers | map(attribute='name') | list) }}) as name;
{%- endmacro %}


{#- SQL that has the next build compare this model whole. -#}
{% macro queue_itself() -%}
    {{ queue_whole([{'name': node_name(model)}]) }}
{%- endmacro %}


{#- On-run-start: changes are queued for the readers that today's graph has. A model that stands otherwise (it is
    absent or disabled, elsewhere, not in place, or reads others) is compared whole when its turn comes, be
    that in this build or when it is as it was again. -#}
{% macro queue_models_out_of_step() -%}
    with present (node_name, schema_name, relation_name, reads) as (
        values
        (null::text, null::text, null::text, null::text[])
        {%- for node in graph.nodes.values() if is_in_place(node) %},
        ('{{ node_name(node) }}', '{{ node.schema }}', '{{ node.alias }}', {{ text_array(reads_of(node)) }})
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
            select 1 from {{ rebuild_queue() }} as queue
            where queue.consumer = standing.node_name and queue.is_whole
        );
{%- endmacro %}
