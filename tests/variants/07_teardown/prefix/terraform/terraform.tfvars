prefix = "ada_"
