// gRPC C++ with its asynchronous API over a Unix socket: one completion queue and one thread a side, which is where it is best here.
#include <BenchClock.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench.grpc.pb.h"

namespace {

constexpr int kWarmUp = 200, kSlots = 128;
using duet::ranking::v1::RankRequest;
using duet::ranking::v1::RankResponse;

// MARK: Server

struct Slot {
    virtual ~Slot() = default;
    virtual void Advance(bool ok) = 0;
};

template <typename Request, typename Response>
struct ServerSlot final : Slot {
    using Ask = void (bench::Bench::AsyncService::*)(
        grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
        grpc::ServerCompletionQueue*, void*);
    using Answer = void (*)(const Request&, Response*);

    struct Call {
        grpc::ServerContext context;
        Request request;
        Response response;
        grpc::ServerAsyncResponseWriter<Response> writer{&context};
    };

    ServerSlot(bench::Bench::AsyncService* service, grpc::ServerCompletionQueue* queue, Ask ask, Answer answer)
        : service(service), queue(queue), ask(ask), answer(answer) {
        Listen();
    }

    void Listen() {
        answering = false;
        call = std::make_unique<Call>();
        (service->*ask)(&call->context, &call->request, &call->writer, queue, queue, static_cast<Slot*>(this));
    }

    void Advance(bool ok) override {
        if (!ok || answering) return Listen();
        answering = true;
        answer(call->request, &call->response);
        call->writer.Finish(call->response, grpc::Status::OK, static_cast<Slot*>(this));
    }

    bench::Bench::AsyncService* service;
    grpc::ServerCompletionQueue* queue;
    Ask ask;
    Answer answer;
    bool answering = false;
    std::unique_ptr<Call> call;
};

void Serve(const std::string& address) {
    bench::Bench::AsyncService service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    auto queue = builder.AddCompletionQueue();
    auto server = builder.BuildAndStart();
    std::vector<std::unique_ptr<Slot>> slots;
    for (int index = 0; index < kSlots; index++) {
        slots.push_back(std::make_unique<ServerSlot<bench::Block, bench::Block>>(
            &service, queue.get(), &bench::Bench::AsyncService::RequestEcho,
            [](const bench::Block& request, bench::Block* response) { response->mutable_bytes()->assign(request.reply_size(), 7); }));
        slots.push_back(std::make_unique<ServerSlot<RankRequest, RankResponse>>(
            &service, queue.get(), &bench::Bench::AsyncService::RequestRank, [](const RankRequest& request, RankResponse* response) {
                for (unsigned index = 0; index < request.limit(); index++) {
                    response->add_user_ids(request.candidate_ids(static_cast<int>(index)));
                    response->add_scores(0.25);
                    response->add_match_scores(0.5);
                }
                response->set_model_version("bench");
            }));
    }
    std::puts("ready");
    std::fflush(stdout);
    void* tag;
    bool ok;
    while (queue->Next(&tag, &ok)) static_cast<Slot*>(tag)->Advance(ok);
}

// MARK: Client

template <typename Request, typename Response, typename Start>
void Repeat(bench_task task, const Request& request, grpc::CompletionQueue& queue, Start start) {
    struct Call {
        grpc::ClientContext context;
        Response response;
        grpc::Status status;
        std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
    };
    struct ClientSlot {
        std::unique_ptr<Call> call;
        uint64_t sent;
    };
    bench_run* run = bench_run_make(task);
    std::vector<ClientSlot> slots(task.in_flight);
    auto send = [&](ClientSlot& slot) {
        slot.sent = bench_now();
        slot.call = std::make_unique<Call>();
        slot.call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
        slot.call->reader = start(&slot.call->context, request, &queue);
        slot.call->reader->Finish(&slot.call->response, &slot.call->status, &slot);
    };
    for (auto& slot : slots) send(slot);
    size_t answered = 0, waiting = task.in_flight;
    uint64_t end = UINT64_MAX;
    void* tag;
    bool ok;
    while (waiting > 0 && queue.Next(&tag, &ok)) {
        auto& slot = *static_cast<ClientSlot*>(tag);
        if (!slot.call->status.ok()) {
            std::fprintf(stderr, "%s\n", slot.call->status.error_message().c_str());
            std::exit(1);
        }
        uint64_t now = bench_now();
        bench_run_note(run, now - slot.sent);
        if (++answered == kWarmUp) {
            bench_run_start(run);
            end = now + task.duration;
        }
        if (now >= end) {
            waiting--;
        } else {
            send(slot);
        }
    }
    bench_run_finish(run);
}

void Call(const std::string& address, bench_task task) {
    auto stub = bench::Bench::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::CompletionQueue queue;
    if (task.request > 50000) {
        RankRequest request;
        request.set_user_id(1);
        for (size_t index = 0; index < task.request / 12; index++) {
            request.add_candidate_ids(index);
            request.add_candidate_scores(0.5);
        }
        request.set_limit(static_cast<uint32_t>(task.reply / 24));
        Repeat<RankRequest, RankResponse>(
            task, request, queue, [&](auto* context, auto& request, auto* queue) { return stub->AsyncRank(context, request, queue); });
    } else {
        bench::Block request;
        // The message's own fields take seven bytes.
        request.mutable_bytes()->assign(task.request > 7 ? task.request - 7 : 0, 7);
        request.set_reply_size(static_cast<uint32_t>(task.reply));
        Repeat<bench::Block, bench::Block>(
            task, request, queue, [&](auto* context, auto& request, auto* queue) { return stub->AsyncEcho(context, request, queue); });
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 3 && !std::strcmp(arguments[1], "server")) Serve(std::string("unix:") + arguments[2]);
    if (count > 3 && !std::strcmp(arguments[1], "client"))
        Call(std::string("unix:") + arguments[2], bench_task_from(count - 3, arguments + 3));
    return 0;
}
