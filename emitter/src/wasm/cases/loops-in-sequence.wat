(module
  (type (;0;) (func (param i32) (result i32)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;0;) (type 0) (param i32) (result i32)
    (local i32)
    local.get 0
    local.set 1
    loop ;; label = @1
      local.get 1
      i32.const 1
      i32.sub
      local.tee 1
      br_if 0 (;@1;)
    end
    loop ;; label = @1
      local.get 1
      local.get 0
      i32.const 1
      i32.shr_u
      local.tee 0
      i32.add
      local.set 1
      local.get 0
      br_if 0 (;@1;)
    end
    local.get 1
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
