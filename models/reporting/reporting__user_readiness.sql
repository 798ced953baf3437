{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('user_readiness', learner='user_id') }}
