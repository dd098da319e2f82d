(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32)))
  (import "host" "next" (func $next (;0;) (type 0)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;1;) (type 1) (param i32)
    loop ;; label = @1
      call $next
      local.set 0
      call $next
      drop
      local.get 0
      br_if 0 (;@1;)
    end
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
