cask "hooksnare-agent" do
  version "{{.Version}}"
  sha256 "{{.SHA256}}"

  url "{{.URL}}/{{.Package}}"
  name "Hooksnare"
  desc "Agent that reports programs set to run at login or logout"
  homepage "{{.URL}}"

  depends_on macos: ">= :ventura"

  pkg "{{.Package}}"

  uninstall script: {
    executable: "{{.Program}}",
    args:       ["uninstall"],
    sudo:       true,
  }

  zap delete: [
    {{- range .Folders}}
    "{{.}}",
    {{- end}}
  ]
end
