// Filling the set at start: from the image and the changes after it if that can be proven, else by
// a scan of the store. An image is doubted at the first thing that is not as it should be, deleted,
// and the set begun anew: the store alone says what is on the list.
#include "persistence/image.hpp"
#include "persistence/store_impl.hpp"

namespace suppressd {
namespace {

/// Of the progress, what reading the image takes; replaying takes the rest.
constexpr double image_share = 0.9;

std::string refuse_origin(const ImageOrigin& image, const Meta& meta) {
  if (image.secret != meta.secret) return "it belongs to another data directory";
  if (image.normalizer != meta.normalizer) return "its addresses were normalized by other rules";
  if (image.sequence > meta.sequence) {
    return "it is newer than the store: it ends at change " + std::to_string(image.sequence) +
           ", the store at " + std::to_string(meta.sequence);
  }
  return "";
}

bool proves(const SuppressionSet& set, const Meta& meta) {
  return set.entries() == meta.entries && set.digest() == meta.digest;
}

}  // namespace

/// Why the image was not used; empty when the set is loaded from it and proven.
std::string Store::Impl::load_image(const Image& image, SuppressionSet& set, unsigned threads,
                                    std::atomic<double>& progress) const {
  const uint64_t after = image.origin().sequence;
  std::string refusal = refuse_origin(image.origin(), meta);
  if (!refusal.empty()) return refusal;
  if (!replay_is_quicker(database, after, threads)) {
    return "so much changed since it was written that a scan of the store is quicker";
  }
  if (!image.load(set, threads, progress, image_share, refusal)) return refusal;
  refusal = replay_changes(database, key, after, meta.sequence, set, progress);
  if (refusal.empty() && !proves(set, meta)) {
    refusal = "with the changes after it, it holds " + std::to_string(set.entries()) +
              " entries, the store " + std::to_string(meta.entries) +
              ", and their digests must agree";
  }
  if (!refusal.empty()) set.clear();
  return refusal;
}

Loaded Store::load(SuppressionSet& set, unsigned threads, std::atomic<double>& progress) {
  Impl& impl = *impl_;
  threads = std::max(threads, 1u);
  const std::filesystem::path path = impl.directory.image_path();
  remove_unfinished_image(path);
  Loaded loaded;
  try {
    if (const std::optional<Image> image = Image::open(path, loaded.image_refusal)) {
      loaded.image_refusal = impl.load_image(*image, set, threads, progress);
      if (loaded.image_refusal.empty()) {
        loaded.from = Loaded::From::image;
        loaded.changes_replayed = impl.meta.sequence - image->origin().sequence;
      }
    }
    if (loaded.from == Loaded::From::store) {
      std::error_code error;
      std::filesystem::remove(path, error);
      progress = 0.0;
      loaded.tables_read = scan_into(impl.database, impl.key, impl.meta, set, threads, progress);
    }
  } catch (const StorageFailure& failure) {
    throw StoreError(StoreError::Kind::damaged,
                     "the suppressions in " + impl.directory.path().string() + " cannot be read: " +
                         failure.what() + ". Restore the data directory from a backup as a whole.");
  }
  progress = 1.0;
  return loaded;
}

ImageWritten Store::write_image(const SuppressionSet& set, uint64_t visible_sequence,
                                ImageCaching caching, const std::function<bool()>& go_on) const {
  const ImageOrigin origin{impl_->directory.secret_id(), normalizer_version, visible_sequence};
  return suppressd::write_image(impl_->directory.image_path(), set, origin, caching, go_on);
}

}  // namespace suppressd
