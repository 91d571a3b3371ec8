source "$stdenvSetup"
genericBuild
