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
	exitNotWell = 1 // the thing that was checked is not well, or could not be looked at whole
	exitUsage   = 2 // usage, or input in which nothing could be read
	exitFound   = 3 // with --exit-code: something was found
)

// exit is an error with an exit code. Its text is empty where the results say what is wrong.
type exit struct {
	code int
	text string
}

func (e *exit) Error() string { return e.text }

// exitIf returns an error without a text if a condition is met.
func exitIf(isMet bool, code int) error {
	if isMet {
		return &exit{code: code}
	}
	return nil
}

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
	code, text := exitUsage, err.Error()
	if e := new(exit); errors.As(err, &e) {
		code = e.code
	}
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	if text != "" {
		for line := range strings.SplitSeq("hooksnare: "+text, "\n") {
			fmt.Fprintln(os.Stderr, quote.Printable(line))
		}
	}
	return code
}

func newRoot() *cobra.Command {
	root := newGroup("hooksnare", "Catch persistence through login and logout hooks on macOS",
		`  sudo hooksnare install              put the agent on this Mac and start it
  hooksnare replay recording.ndjson   look for hooks in what eslogger recorded
  sudo hooksnare scan                 list the hooks that are set
  hooksnare check                     find faults in configuration, rules and exceptions
  hooksnare rules list                list what is detected`,
		newRun(), newReplay(), newScan(), newCheck(), newRules(), newAlerts(), newAllow(), newProfile(), newStatus(), newDoctor(), newSimulate(), newVersion())
	root.Long = `Hooksnare watches a Mac for programs that are set to run as root at login or
logout (LoginHook and LogoutHook of com.apple.loginwindow, MITRE ATT&CK T1037.002).

Exit codes: 0 done; 1 the thing checked is not well, or a rule, an exception or a part of the
configuration was left out; 2 usage, or input in which nothing could be read; 3 something was
found (--exit-code of replay and scan).`
	root.SilenceUsage, root.SilenceErrors = true, true
	root.AddCommand(serviceCommands()...)
	root.InitDefaultCompletionCmd()
	completion, _, _ := root.Find([]string{"completion"})
	completion.Example = "  hooksnare completion zsh > ~/.zsh/completions/_hooksnare"
	for _, shell := range completion.Commands() {
		shell.Example = "  hooksnare completion " + shell.Name()
		shell.Hidden = shell.Name() == "powershell" // not a shell of a Mac
	}
	return root
}

// newGroup returns a command that has others, and alone shows its help.
func newGroup(use, short, example string, commands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(commands...)
	return group
}
