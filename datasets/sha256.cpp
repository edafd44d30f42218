#include "datasets/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "autograd/error.hpp"

namespace tapestry {

std::string sha256(const std::vector<std::span<const std::uint8_t>>& parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<std::uint8_t, 32> digest;
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (const auto part : parts) good = good && EVP_DigestUpdate(context.get(), part.data(), part.size());
  if (!good || !EVP_DigestFinal_ex(context.get(), digest.data(), nullptr))
    fail("sha256: libcrypto refused to compute it; expected a library with SHA-256; check the installed OpenSSL");

  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace tapestry
