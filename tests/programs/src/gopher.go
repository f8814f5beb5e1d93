// Goroutines, channels, timers, signals, panics, and another process.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		buffer := make([]byte, 100)
		n, _ := os.Stdin.Read(buffer)
		fmt.Printf("child read %q\n", buffer[:n])
		os.Exit(3)
	}
	jobs, results := make(chan int), make(chan int, 100)
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range jobs {
				results <- n * n
				runtime.Gosched()
			}
		}()
	}
	for i := 0; i < 100; i++ {
		jobs <- i
	}
	close(jobs)
	group.Wait()
	close(results)
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println("squares", sum)

	var order []int
	var lock sync.Mutex
	for _, ms := range []int{30, 10, 20} {
		ms := ms
		group.Add(1)
		time.AfterFunc(time.Duration(ms)*time.Millisecond, func() {
			lock.Lock()
			order = append(order, ms)
			lock.Unlock()
			group.Done()
		})
	}
	group.Wait()
	fmt.Println("timers", order, sort.IntsAreSorted(order))

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println("context", ctx.Err())
	case <-time.After(time.Minute):
		fmt.Println("late")
	}
	ticker, ticks := time.NewTicker(5*time.Millisecond), 0
	for range ticker.C {
		if ticks++; ticks == 3 {
			ticker.Stop()
			break
		}
	}
	fmt.Println("ticks", ticks)

	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var nothing *int
		fmt.Println(*nothing)
	}()

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println("signal:", <-signals)

	var count int64
	var stop int32
	go func() { // never calls anything: has to be preempted
		for atomic.LoadInt32(&stop) == 0 {
			count++
		}
	}()
	time.Sleep(10 * time.Millisecond)
	runtime.GC()
	atomic.StoreInt32(&stop, 1)
	fmt.Println("preempted")

	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	child := exec.Command(self, "child")
	stdin, _ := child.StdinPipe()
	go func() {
		stdin.Write([]byte("hello"))
		stdin.Close()
	}()
	output, err := child.Output()
	fmt.Printf("%s%v\n", output, err)
}
