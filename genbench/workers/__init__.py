"""Workers: what child processes run, one function a call. The parent knows them by name and imports none of them."""
