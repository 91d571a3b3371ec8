#!/bin/sh
# For cron on a machine of your own, once a day, from a checkout that nothing else works in:
#
#   17 5 * * *  /home/me/bin/cron.sh /home/me/nixos-config
#
# The token is in a file that only you can read. cron mails what is printed; with --quiet that is warnings and errors
# only.
set -eu
# cron's own PATH is /usr/bin:/bin: no Nix, and nothing that Nix or Go installed.
nix=$HOME/.nix-profile/bin:/nix/var/nix/profiles/default/bin:/run/current-system/sw/bin
PATH=$nix:$HOME/go/bin:/usr/local/bin:$PATH
export PATH
cd "${1:?usage: cron.sh CHECKOUT}"
GITHUB_TOKEN=$(cat "${TOKEN_FILE:-$HOME/.config/ollama-bump/token}")
export GITHUB_TOKEN
git pull --quiet --ff-only
exec ollama-bump --quiet
