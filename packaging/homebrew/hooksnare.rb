# The command alone: replay, check, rules and the other verbs that need no agent. The agent itself
# comes with the cask hooksnare-agent, since a formula can't run a package.
class Hooksnare < Formula
  desc "Catch persistence through login and logout hooks on macOS"
  homepage "{{.URL}}"
  version "{{.Version}}"
  license "Apache-2.0"

  depends_on macos: :ventura

  on_arm do
    url "{{.URL}}/{{.ARM64}}"
    sha256 "{{.ARM64Sum}}"
  end
  on_intel do
    url "{{.URL}}/{{.AMD64}}"
    sha256 "{{.AMD64Sum}}"
  end

  def install
    bin.install "hooksnare"
    generate_completions_from_executable(bin/"hooksnare", "completion", shells: [:bash, :fish, :zsh])
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/hooksnare version")
  end
end
