(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32 i32)))
  (import "host" "sink" (func $sink (;0;) (type 0)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;1;) (type 1) (param i32 i32)
    local.get 0
    if ;; label = @1
      local.get 1
      if ;; label = @2
        local.get 0
        call $sink
      end
    end
    local.get 1
    if ;; label = @1
      i32.const 4
      call $sink
    else
      i32.const 5
      call $sink
    end
    i32.const 6
    call $sink
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
