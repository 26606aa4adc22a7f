"""360NRS: SMS by its REST guide, with statuses polled and pushed. `adapter` is the door."""
