{#- One row per session that has a sale state document: the one that speaks for it. -#}

select {{ own_columns() }} from {{ authoritative_documents('base_pulse__sale_states') }}
