"""The REST API of the pretend org: what is asked (exchange), who answers (routing), and one file a resource."""
