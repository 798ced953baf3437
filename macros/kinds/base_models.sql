{#- The common parts of the base models, and loops over all of them. The name of a base model follows from its
    kind: base_pulse__{table} has a row per document, base_pulse__{table}__{part} a row per part of one. -#}

{% macro kind_named(kind) -%}
    {%- if kind not in document_kinds() -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " is of kind '" ~ kind ~ "', which is not a loaded kind. Add it to "
            ~ "config/document_kinds.json, then run 'make kinds'."
        ) -%}
    {%- endif -%}
    {{ return(document_kinds()[kind]) }}
{%- endmacro %}


{% macro base_model_of(kind) -%}
    {{ return('base_pulse__' ~ kind_named(kind).table) }}
{%- endmacro %}


{#- All base models, including those of parts, with their kinds. -#}
{% macro base_models() -%}
    {%- set found = {} -%}
    {%- for kind, rule in document_kinds().items() -%}
        {%- do found.update({base_model_of(kind): kind}) -%}
        {%- for part in rule.parts -%}
            {%- do found.update({base_model_of(kind) ~ '__' ~ part: kind}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Calls its block once for each base model and its kind. -#}
{% macro union_of_base_models() -%}
    {%- for base_model, kind in base_models().items() -%}
        {{ caller(base_model, kind) }}
        {{- '\n    union all' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Calls its block once for each kind and its rule. -#}
{% macro union_of_kinds(kinds=none) -%}
    {%- for kind in (document_kinds() if kinds is none else kinds) -%}
        {{ caller(kind, kind_named(kind)) }}
        {{- '\n    union all' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Calls its block once for each list in documents: with the model of whole documents and its column of
    lengths, the model of the lists' elements and its column of positions. -#}
{% macro union_of_lists() -%}
    {%- set blocks = [] -%}
    {%- for kind, rule in document_kinds().items() -%}
        {%- set documents = base_model_of(kind) -%}
        {%- for part, place in rule.parts.items() if place.endswith('_index') -%}
            {%- do blocks.append(caller(documents, place[:-5] ~ 'count', documents ~ '__' ~ part, place)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ blocks | join('\n    union all') }}
{%- endmacro %}


{#- The kinds whose documents belong to sessions; with a name, those whose file times date sessions under it. -#}
{% macro session_kinds(session_date=none) -%}
    {%- set found = [] -%}
    {%- for kind, rule in document_kinds().items()
        if rule.session_date and session_date in (none, rule.session_date) -%}
        {%- do found.append(kind) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- The kinds of which only the current version of a path is read. -#}
{% macro kinds_read_as_current() -%}
    {%- set found = [] -%}
    {%- for kind in document_kinds() if not reads_every_version(kind) %}{% do found.append(kind) %}{% endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Whether a file of this kind dates its session in preference to others. -#}
{% macro is_asked_first(kind) -%}
    {{ kind }} in ('{{ session_kinds('scorecard_file') | join("', '") }}')
{%- endmacro %}


{#- The head of a model of whole documents. -#}
{% macro whole_documents(kind) -%}
    {{ config(
        landing='versions' if reads_every_version(kind) else 'documents',
        unique_key=['source_path', 'document_id'],
        rebuilt_by=['source_path', 'document_id'],
        indexes=indexed(['document_id'] + (['session_id'] if 'session_key' in kind_named(kind).landed_keys else [])),
    ) }}
{%- endmacro %}


{#- The head of a model of parts of documents. -#}
{% macro parts_of_documents(kind, part, also_indexed=[]) -%}
    {{ config(
        unique_key=['source_path', 'document_id', kind_named(kind).parts[part]],
        rebuilt_by=['source_path', 'document_id'],
        indexes=indexed(['document_id', 'session_id'] + also_indexed),
    ) }}
    {#- The model of whole documents announces which documents are affected. -#}
    {%- do ref(base_model_of(kind)) -%}
{%- endmacro %}


{% macro indexed(columns) -%}
    {%- set indexes = [] -%}
    {%- for column in columns %}{% do indexes.append({'columns': [column]}) %}{% endfor -%}
    {{ return(indexes) }}
{%- endmacro %}


{% macro reads_every_version(kind) -%}
    {{ return(kind_named(kind).retention == 'all_versions_forever') }}
{%- endmacro %}


{#- What a base model reads: the documents of its kind as of the cutoff. `is_detoasted` is for models that
    mention the payload often, see landed. -#}
{% macro documents_of(kind, is_detoasted=false) -%}
    {%- set table_name = kind_named(kind).table -%}
    {{ landed_versions(table_name, is_detoasted) if reads_every_version(kind)
        else landed_documents(table_name, is_detoasted) }}
{%- endmacro %}


{#- The common columns of models of whole documents, as far as the contract has them. -#}
{% macro document_columns(kind, of=none) -%}
    {%- set rule = kind_named(kind) -%}
    {%- set before = of ~ '.' if of else '' -%}
    {%- set names = ['document_id', 'source_path'] + rule.landed_keys
        + ['source_modified_at', 'rejected_file_time', 'landed_at'] -%}
    {%- for key in rule.path_keys %}{% do names.append('path_' ~ key) %}{% endfor -%}
    {%- for name in names if not model.columns or name in model.columns -%}
        {{ before ~ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
    {%- if 'session_key' in rule.landed_keys -%}
        ,
        {{ session_id_of(before ~ 'session_key') }} as session_id
    {%- endif -%}
{%- endmacro %}


{#- The keys in a table's paths for which the landing has no column, each as the column path_{key}. -#}
{% macro path_keys_of(table_name) -%}
    {%- for rule in document_kinds().values() if rule.table == table_name -%}
        {%- for key, places in rule.path_keys.items() -%}
            coalesce(
                {%- for pattern, group in places -%}
                regexp_substr(source_path, '{{ pattern | replace("'", "''") }}', 1, 1, '', {{ group }})
                {{- ', ' if not loop.last }}
                {%- endfor -%}
            ) as path_{{ key }},
            {% endfor -%}
    {%- endfor -%}
{%- endmacro %}


{#- Compares the models with the kinds: a model without a kind would be ignored in silence. That each kind has
    its model is ensured by ref(). -#}
{% macro refuse_uncollected_models() -%}
    {%- set collected = base_models() -%}
    {%- for node in (graph.nodes.values() if execute and model.resource_type == 'model' else [])
        if node.resource_type == 'model' and node.package_name == project_name -%}
        {%- if node.name in collected -%}
            {%- set wanted = ['rejected_values'] + (['unknown_fields'] if node.config.get('landing') else []) -%}
            {%- for column in wanted if column not in node.columns or not node.config.contract.enforced -%}
                {%- do exceptions.raise_compiler_error(
                    node.name ~ " needs a contract that has the column " ~ column ~ ": write its YAML."
                ) -%}
            {%- endfor -%}
        {%- elif node.path.startswith('staging/') and (
            node.config.get('landing') in ('documents', 'versions') or '/base/' in node.path
        ) -%}
            {%- do exceptions.raise_compiler_error(
                node.name ~ " is the base model of no kind: its rejected values would not be reported, nor its "
                ~ "completeness checked. Add its kind, or its part of a kind, to config/document_kinds.json, then run "
                ~ "'make kinds'."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
