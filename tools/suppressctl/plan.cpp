#include "tools/suppressctl/plan.hpp"

#include <algorithm>
#include <cmath>

#include "tools/suppressctl/failure.hpp"
#include "tools/suppressctl/quantity.hpp"

namespace suppressctl {
namespace {

/// D: the highest rate that keeps the p99.
const Profile::Rate& highest_rate(const Profile& profile, double p99) {
  if (profile.rates.empty()) throw Failure("The profile " + profile.name + " has no rates.");
  const Profile::Rate* best = nullptr;
  double least = profile.rates.front().p99;
  for (const Profile::Rate& rate : profile.rates) {
    least = std::min(least, rate.p99);
    if (rate.errors > 0 || rate.p99 > p99) continue;
    if (best == nullptr || rate.done > best->done) best = &rate;
  }
  if (best == nullptr)
    throw Failure("No rate in the profile " + profile.name + " keeps a p99 of " + time_text(p99) +
                  "; its best is " + time_text(least) +
                  ". Smaller requests answer sooner: measure a profile with --batches.");
  return *best;
}

/// The line through the smallest and the largest size, never falling.
double start_time(const Profile& profile, double entries, double Profile::Size::*seconds) {
  const Profile::Size &least = profile.sizes.front(), &most = profile.sizes.back();
  const double span = most.entries - least.entries;
  if (span <= 0) return most.*seconds * std::max(1.0, entries / most.entries);
  const double each = std::max(0.0, (most.*seconds - least.*seconds) / span);
  return std::max(0.0, most.*seconds + (entries - most.entries) * each);
}

void plan_cores(const PlanRequest& request, const Profile& profile, const Profile& sizes,
                Plan& plan) {
  const Profile::Rate& rate = highest_rate(profile, request.p99);
  plan.addresses_per_core = rate.done / profile.threads;
  plan.p99_measured = rate.p99;
  plan.cores_busy = request.checks * rate.cpu_per_address;
  plan.cores_checks = request.checks / plan.addresses_per_core / (1 - request.headroom);
  if (plan.cores_checks > profile.threads) plan.cores_checks /= request.scaling;
  if (request.adds <= 0) return;
  const double rows = sizes.sizes.back().rows_per_second;
  plan.cores_adds = rows > 0 ? request.adds / rows : 0;
  if (rows <= 0 || request.adds > rows * (1 - request.headroom))
    plan.obstacles.push_back("One committer takes " + rate_text(rows) +
                             " rows/s in the profile; with the headroom that is less than the " +
                             rate_text(request.adds) + " that are to be added.");
}

void plan_room(const PlanRequest& request, const Profile& profile, Plan& plan) {
  if (profile.sizes.empty()) throw Failure("The profile " + profile.name + " has no sizes.");
  const Profile::Size& most = profile.sizes.back();
  plan.entries_measured = most.entries;
  plan.set_bytes = request.entries * most.set_bytes / most.entries;
  plan.growth_bytes = plan.set_bytes / shards * growth_factor;
  plan.other_bytes = other_bytes_least;
  for (const Profile::Size& size : profile.sizes)
    plan.other_bytes =
        std::max(plan.other_bytes, std::max(size.peak_bytes, size.resident_bytes) - size.set_bytes);
  plan.memory_bytes =
      (plan.set_bytes + plan.growth_bytes + plan.other_bytes) / (1 - request.memory_headroom);
  plan.disk_bytes = disk_room * request.entries * most.disk_bytes / most.entries;
  plan.start_seconds = start_time(profile, request.entries, &Profile::Size::start_seconds);
  plan.start_after_kill_seconds =
      start_time(profile, request.entries, &Profile::Size::start_after_kill_seconds);
}

void plan_machines(const PlanRequest& request, Plan& plan) {
  if (!request.machine) return;
  const PlanRequest::OneMachine& one = *request.machine;
  if (plan.memory_bytes > one.memory_bytes)
    plan.obstacles.push_back("The entries need " + bytes_text(plan.memory_bytes) +
                             " on every machine; one has " + bytes_text(one.memory_bytes) + ".");
  // Each machine takes every write, but only its share of the checks.
  const double left = one.cores - plan.cores_adds;
  if (left <= 0) {
    plan.obstacles.push_back("The writes alone need " + short_number(plan.cores_adds) +
                             " cores of every machine; one has " + short_number(one.cores) + ".");
    return;
  }
  if (plan.obstacles.empty())
    plan.machines =
        static_cast<uint64_t>(std::max(1.0, std::ceil(plan.cores_checks / left - 1e-9))) +
        request.spares;
}

std::string origin(const Profile& profile) {
  return profile.name + " (" + profile.machine + ", " + profile.date + ")";
}

}  // namespace

Plan make_plan(const PlanRequest& request, const Profile& rates, const Profile& sizes) {
  Plan plan;
  plan_room(request, sizes, plan);
  plan_cores(request, rates, sizes, plan);
  plan_machines(request, plan);
  return plan;
}

Json to_json(const PlanRequest& request, const Plan& plan, const Profile& rates,
             const Profile& sizes) {
  Json json{{"entries", request.entries},
            {"checks_per_second", request.checks},
            {"p99_seconds", request.p99},
            {"adds_per_second", request.adds},
            {"headroom", request.headroom},
            {"memory_headroom", request.memory_headroom},
            {"scaling", request.scaling},
            {"spares", request.spares},
            {"profile_of_rates", origin(rates)},
            {"profile_of_sizes", origin(sizes)},
            {"addresses_per_second_per_core", plan.addresses_per_core},
            {"p99_measured_seconds", plan.p99_measured},
            {"cores", plan.cores()},
            {"cores_for_checks", plan.cores_checks},
            {"cores_for_adds", plan.cores_adds},
            {"cores_of_pure_work", plan.cores_busy},
            {"memory_bytes", plan.memory_bytes},
            {"set_bytes", plan.set_bytes},
            {"growth_bytes", plan.growth_bytes},
            {"other_bytes", plan.other_bytes},
            {"disk_bytes", plan.disk_bytes},
            {"start_seconds", plan.start_seconds},
            {"start_after_kill_seconds", plan.start_after_kill_seconds},
            {"entries_measured", plan.entries_measured},
            {"machines", plan.machines > 0 ? Json(plan.machines) : Json(nullptr)},
            {"obstacles", plan.obstacles}};
  if (request.machine)
    json["machine"] = {{"cores", request.machine->cores},
                       {"memory_bytes", request.machine->memory_bytes}};
  return json;
}

void write_plan(const PlanRequest& request, const Plan& plan, const Profile& rates,
                const Profile& sizes, Writer& writer) {
  const auto percent = [](double share) { return short_number(share * 100) + " %"; };
  Columns columns({});
  columns.add({"Cores", short_number(plan.cores()),
               "one answers " + rate_text(plan.addresses_per_core) + " addresses/s at a p99 of " +
                   time_text(plan.p99_measured) + "; " + percent(request.headroom) +
                   " left free; " + short_number(plan.cores_busy) + " of pure work" +
                   (plan.cores_adds > 0 ? "; " + short_number(plan.cores_adds) + " for " +
                                              rate_text(request.adds) + " added rows/s"
                                        : "")});
  columns.add({"Memory", bytes_text(plan.memory_bytes),
               "set " + bytes_text(plan.set_bytes) + ", growth " + bytes_text(plan.growth_bytes) +
                   ", other " + bytes_text(plan.other_bytes) + "; " +
                   percent(request.memory_headroom) + " left free"});
  columns.add({"Disk", bytes_text(plan.disk_bytes),
               "store and image " + bytes_text(plan.disk_bytes / disk_room) +
                   ", as much again for what is written beside them"});
  columns.add({"Start", time_text(plan.start_seconds),
               "after a crash " + time_text(plan.start_after_kill_seconds)});
  if (request.machine)
    columns.add({"Machines", plan.machines > 0 ? std::to_string(plan.machines) : "-",
                 "of " + short_number(request.machine->cores) + " cores and " +
                     bytes_text(request.machine->memory_bytes) + ", " +
                     std::to_string(request.spares) +
                     " of them spare; each holds all entries and takes all writes"});
  columns.write(writer);
  writer.append(
      "\nRates from " + origin(rates) + ", " + short_number(rates.mean_batch) +
      " addresses a request" + (rates.shared ? ", load on the same cores" : "") + ".\nSizes from " +
      origin(sizes) + ", measured up to " + rate_text(plan.entries_measured) + " entries" +
      (request.entries > plan.entries_measured * 1.01 ? "; beyond that extrapolated" : "") + ".\n");
  for (const std::string& obstacle : plan.obstacles) writer.append("Not so: " + obstacle + "\n");
}

}  // namespace suppressctl
