package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// Set when the program is built: its version in numbers, the commit, and the team id of the
// Developer ID that signs it, "" for nobody.
var (
	version = "development"
	commit  string
	team    string
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  hooksnare version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from := ""
			if commit != "" {
				from = " (" + commit + ")"
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "hooksnare %s%s %s/%s %s\n", version, from, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		},
	}
}
