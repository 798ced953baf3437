{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('cohort_readiness', learner=none) }}
