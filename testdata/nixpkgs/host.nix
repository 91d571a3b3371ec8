# What builders take from the machine, for there is no bootstrapped stdenv here. The test world
# writes this file anew, with the folders of the Go and the tools that it runs with.
{
  path = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin";
  shell = "/bin/bash";
  goCache = "/tmp/ollama-bump-go-cache";
}
