{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('user_readiness_latest', learner='user_id') }}
