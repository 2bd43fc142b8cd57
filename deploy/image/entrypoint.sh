#!/bin/sh
# Runs one of Duet's processes in place of this shell, so that it gets the signals.
# Usage: duet-entrypoint gateway|candidate|ranking|feature [option …]     a service
#        duet-entrypoint hold                                             nothing: keeps a process namespace for others
#        duet-entrypoint COMMAND …                                        duet's: migrate, train, import, token …
set -eu

programs=/usr/lib/duet
case "${1:-}" in
    gateway) program=Gateway ;;
    candidate) program=CandidateSvc ;;
    ranking) program=RankingSvc ;;
    feature) program=FeatureSvc ;;
    hold) exec sleep infinity ;;
    duet) shift; exec "$programs/duet" "$@" ;;
    *) exec "$programs/duet" "$@" ;;
esac
shift
exec "$programs/$program" "$@"
