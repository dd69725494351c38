// Command hooksnare catches persistence through login and logout hooks on macOS the
// moment it happens.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"hooksnare/pkg/quote"
)

// Exit codes.
const (
	exitNotWell = 1 // the thing that was checked is not well
	exitUsage   = 2 // usage, or input in which nothing could be read
	exitFound   = 3 // with --exit-code: something was found
)

// exit is an error with an exit code. err is nil where the results say what is wrong.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func main() { os.Exit(run(os.Args[1:])) }

// run runs a command line and returns the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code := exitUsage
	var e *exit
	if errors.As(err, &e) {
		code = e.code
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if text := err.Error(); text != "" {
		for line := range strings.Lines("hooksnare: " + text) {
			fmt.Fprintln(os.Stderr, quote.Printable(strings.TrimSuffix(line, "\n")))
		}
	}
	return code
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "hooksnare",
		Short: "Catch persistence through login and logout hooks on macOS",
		Long: `Hooksnare watches a Mac for programs that are set to run as root at login or
logout (LoginHook and LogoutHook of com.apple.loginwindow, MITRE ATT&CK T1037.002).

Exit codes: 0 done; 1 the thing checked is not well; 2 usage, or input in which nothing
could be read; 3 something was found (--exit-code of replay and scan).`,
		Example: `  sudo hooksnare install              put the agent on this Mac and start it
  hooksnare replay recording.ndjson   look for hooks in what eslogger recorded
  sudo hooksnare scan                 list the hooks that are set
  hooksnare check                     find faults in configuration, rules and exceptions
  hooksnare rules list                list what is detected`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(newRun(), newReplay(), newScan(), newCheck(), newRules(), newAlerts(), newAllow(), newStatus(), newDoctor(), newSimulate(), newVersion())
	root.AddCommand(serviceCommands()...)
	addCompletion(root)
	return root
}

// addCompletion adds the command that prints completions for a shell.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Example = "  hooksnare completion zsh > ~/.zsh/completions/_hooksnare"
		for _, shell := range cmd.Commands() {
			shell.Example = "  hooksnare completion " + shell.Name()
			shell.Hidden = shell.Name() == "powershell" // not a shell of a Mac
		}
	}
}
