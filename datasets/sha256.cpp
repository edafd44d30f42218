#include "datasets/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "autograd/error.hpp"

namespace tapestry {
namespace {

EVP_MD_CTX* as_context(const std::shared_ptr<void>& context) { return static_cast<EVP_MD_CTX*>(context.get()); }

void check(bool good) {
  if (!good)
    fail("sha256: libcrypto refused to compute it; expected a library with SHA-256; check the installed OpenSSL");
}

}  // namespace

Sha256::Sha256()
    : context_(EVP_MD_CTX_new(), [](void* context) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context)); }) {
  check(context_ && EVP_DigestInit_ex(as_context(context_), EVP_sha256(), nullptr));
}

void Sha256::add(std::span<const std::uint8_t> bytes) {
  check(EVP_DigestUpdate(as_context(context_), bytes.data(), bytes.size()));
}

std::string Sha256::digest() {
  std::array<std::uint8_t, 32> digest;
  check(EVP_DigestFinal_ex(as_context(context_), digest.data(), nullptr));
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string sha256(const std::vector<std::span<const std::uint8_t>>& parts) {
  Sha256 sum;
  for (const auto part : parts) sum.add(part);
  return sum.digest();
}

std::string sha256_of_file(const std::filesystem::path& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> open(std::fopen(file.c_str(), "rb"), std::fclose);
  if (!open) fail(file.string(), ": cannot be opened (", std::strerror(errno), "); expected a file to read");
  Sha256 sum;
  std::vector<std::uint8_t> buffer(1 << 18);
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), open.get()))
    sum.add(std::span(buffer).first(count));
  if (std::ferror(open.get()))
    fail(file.string(), ": cannot be read (", std::strerror(errno), "); expected a file to read");
  return sum.digest();
}

}  // namespace tapestry
