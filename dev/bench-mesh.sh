#!/usr/bin/env bash
# The mesh beside raw sockets, nng in C, gRPC C++ and grpc-swift: two processes, one Unix socket, interleaved rounds. Prints a table,
# writes .bench/mesh.json. Who isn't installed is left out, with the reason.
# usage: dev/bench-mesh.sh [ROUNDS] [MILLISECONDS-A-RUN]      GRPC_SWIFT=1 builds and runs grpc-swift-2 too (minutes, the first time)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
rounds=${1:-5} milliseconds=${2:-300}
package=dev/bench-mesh
out=$root/.bench
mkdir -p "$out"

swift build --quiet -c release --package-path "$package"
bin=$(swift build -c release --package-path "$package" --show-bin-path)
contestants=("raw=$bin/bench-raw" , "nng=$bin/bench-nng" , "duet=$bin/bench-duet" , "duet, all on=$bin/bench-duet" all , \
    "duet, hopping=$bin/bench-duet" global , \
    "duet, shared=$bin/bench-duet" shared , "duet, hedged=$bin/bench-duet" hedged)

if ! command -v grpc_cpp_plugin >/dev/null || ! pkg-config --exists grpc++; then
    echo "gRPC C++ is left out: apt-get install libgrpc++-dev protobuf-compiler-grpc" >&2
else
    work=$package/.build/grpc-cpp
    program=$work/bench-grpc
    if [ "$package/grpc-cpp/main.cc" -nt "$program" ] || [ "$package/grpc-cpp/bench.proto" -nt "$program" ]; then
        mkdir -p "$work"
        protos=(bench.proto duet/ranking/v1/ranking.proto duet/mesh/v1/options.proto)
        protoc -I protos -I "$package/grpc-cpp" --cpp_out="$work" --grpc_out="$work" \
            --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" "${protos[@]}"
        cc -std=gnu17 -O2 -I "$package/Sources/BenchClock/include" -c "$package/Sources/BenchClock/BenchClock.c" -o "$work/BenchClock.o"
        # shellcheck disable=SC2046
        c++ -std=c++17 -O2 -I "$work" -I "$package/Sources/BenchClock/include" "$package/grpc-cpp/main.cc" "$work"/bench.pb.cc \
            "$work"/bench.grpc.pb.cc "$work"/duet/ranking/v1/ranking.pb.cc "$work"/duet/mesh/v1/options.pb.cc "$work/BenchClock.o" \
            -o "$program" $(pkg-config --libs grpc++ protobuf)
    fi
    contestants+=(, "gRPC C++ async=$root/$program")
fi

if [ -z "${GRPC_SWIFT:-}" ]; then
    echo "grpc-swift-2 is left out: set GRPC_SWIFT=1 to build and run it" >&2
elif ! swift build --quiet -c release --package-path "$package/grpc-swift"; then
    echo "grpc-swift-2 is left out: it doesn't build here" >&2
else
    contestants+=(, "grpc-swift-2=$(swift build -c release --package-path "$package/grpc-swift" --show-bin-path)/bench-grpc-swift")
fi

"$bin/bench-mesh" --rounds "$rounds" --milliseconds "$milliseconds" --json "$out/mesh.json" "${contestants[@]}"
